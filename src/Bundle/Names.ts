/** File names inside a bundle's folder. */
export const names = {
  main: "main.mjs",
  sourceMap: "main.mjs.map",
  start: "start.mjs",
  /** The scripts of the pages, which the program reads when a browser asks for them. */
  pages: ["deployment.js.br", "reference.js.br"],
  /** For the Node that runs now. It may also lie beside the manifest that is served. */
  codeCache: `code-${process.version}-${process.arch}.cache`
} as const
