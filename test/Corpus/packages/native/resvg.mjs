import { Resvg } from "@resvg/resvg-js"

export const answer = () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="8" height="4" fill="red"/></svg>'
  const image = new Resvg(svg).render()
  return [image.width, image.height, image.asPng().subarray(1, 4).toString()]
}
