import MarkdownIt from "markdown-it"
import { marked } from "marked"
import { remark } from "remark"
import html from "remark-html"

export const answer = async () => [
  marked.parse("# a"),
  new MarkdownIt().render("**b**"),
  String(await remark().use(html).process("*c*"))
]
