import { transform } from "lightningcss"

export const answer = () =>
  String(transform({ filename: "a.css", code: Buffer.from("a { color: rgb(255, 0, 0) }"), minify: true }).code)
