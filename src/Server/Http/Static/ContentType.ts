/** The types of files by the ends of their names, as browsers need them for a page. */

/** The type of a file; `application/octet-stream` for one that no page loads. */
export const of = (name: string): string => types.get(extensionOf(name)) ?? "application/octet-stream"

/** True for a type that becomes smaller when it is compressed. */
export const isCompressible = (type: string): boolean =>
  /^(text\/|application\/(json|manifest\+json|javascript|wasm|xml|.*\+json|.*\+xml)|image\/(svg|bmp|x-icon)|font\/(ttf|otf))/.test(
    type
  )

// internal

const extensionOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1).toLowerCase()

const utf8 = "; charset=utf-8"

const types: ReadonlyMap<string, string> = new Map([
  ["html", `text/html${utf8}`],
  ["htm", `text/html${utf8}`],
  ["css", `text/css${utf8}`],
  ["js", `text/javascript${utf8}`],
  ["mjs", `text/javascript${utf8}`],
  ["txt", `text/plain${utf8}`],
  ["md", `text/markdown${utf8}`],
  ["csv", `text/csv${utf8}`],
  ["json", "application/json"],
  ["map", "application/json"],
  ["webmanifest", "application/manifest+json"],
  ["xml", "application/xml"],
  ["wasm", "application/wasm"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["svg", "image/svg+xml"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["avif", "image/avif"],
  ["ico", "image/x-icon"],
  ["woff", "font/woff"],
  ["woff2", "font/woff2"],
  ["ttf", "font/ttf"],
  ["otf", "font/otf"],
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["ogg", "audio/ogg"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"]
])
