/** File names inside a bundle's folder. */
export const names = {
  main: "main.mjs",
  sourceMap: "main.mjs.map",
  start: "start.mjs",
  /** The folder of the files that travel, with the same relative places as in the project. */
  files: "files",
  /** The folder of links to native packages where they are installed, for images of other machines. */
  installed: "installed",
  /** The list of the files that travel, and the start of the service. */
  contents: "contents.json",
  /** Scripts in rare use, by the folder of this library that has them: the program reads each when it needs it. */
  scripts: [
    ["Server/Pages", "deployment.js.br"],
    ["Server/Pages", "reference.js.br"],
    ["Server/Mcp", "mcp.js.br"],
    ["Server/Http/RunSocket", "websocket.js.br"]
  ],
  /** For the Node that runs now. It may also lie beside the manifest that is served. */
  codeCache: `code-${process.version}-${process.arch}.cache`
} as const
