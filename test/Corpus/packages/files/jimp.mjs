import { Jimp } from "jimp"

export const answer = async () => {
  const image = new Jimp({ width: 4, height: 4, color: 0xff0000ff }).resize({ w: 2, h: 2 })
  const read = await Jimp.read(await image.getBuffer("image/png"))
  return [read.width, read.getPixelColor(0, 0)]
}
