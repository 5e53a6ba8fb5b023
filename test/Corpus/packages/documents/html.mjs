import * as cheerio from "cheerio"
import { parseHTML } from "linkedom"
import sanitize from "sanitize-html"
import TurndownService from "turndown"

export const answer = () => [
  cheerio.load("<ul><li>a</li><li>b</li></ul>")("li").last().text(),
  parseHTML("<p id=a>x</p>").document.getElementById("a").textContent,
  sanitize("<b onclick=x>ok</b><script>no</script>"),
  new TurndownService().turndown("<h1>a</h1>")
]
