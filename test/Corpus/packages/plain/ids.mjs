import Decimal from "decimal.js"
import iconv from "iconv-lite"
import mime from "mime-types"
import { nanoid } from "nanoid"
import { v5 } from "uuid"

export const answer = () => [
  new Decimal("0.1").plus("0.2").toString(),
  [...iconv.encode("€", "win1252")],
  mime.lookup("a.md"),
  nanoid().length,
  v5("a", v5.URL)
]
