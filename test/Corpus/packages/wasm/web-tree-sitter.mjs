import { createRequire } from "node:module"
import { Language, Parser } from "web-tree-sitter"

const require = createRequire(import.meta.url)

export const answer = async () => {
  await Parser.init()
  const parser = new Parser()
  parser.setLanguage(await Language.load(require.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-css.wasm")))
  return parser.parse("a { b: c }").rootNode.toString()
}
