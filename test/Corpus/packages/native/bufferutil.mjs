import bufferutil from "bufferutil"
import isValidUtf8 from "utf-8-validate"

export const answer = () => {
  const output = Buffer.alloc(3)
  bufferutil.mask(Buffer.from("abc"), Buffer.from([1, 2, 3, 4]), output, 0, 3)
  return [[...output], isValidUtf8(Buffer.from([0xff])), isValidUtf8(Buffer.from("ä"))]
}
