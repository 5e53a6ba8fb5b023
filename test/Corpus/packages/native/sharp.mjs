import sharp from "sharp"

export const answer = async () => {
  const image = sharp({ create: { width: 4, height: 2, channels: 3, background: "red" } })
  const { data, info } = await image.resize(2, 1).raw().toBuffer({ resolveWithObject: true })
  return [info.width, info.height, [...data]]
}
