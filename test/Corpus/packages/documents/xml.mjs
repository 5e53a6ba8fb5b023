import { XMLParser } from "fast-xml-parser"
import { parseStringPromise } from "xml2js"

export const answer = async () => [
  new XMLParser().parse("<a><b>1</b></a>"),
  await parseStringPromise("<a><b>1</b></a>")
]
