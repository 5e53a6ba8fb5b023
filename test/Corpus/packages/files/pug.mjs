import { join } from "node:path"
import pug from "pug"

export const answer = () => pug.renderFile(join(import.meta.dirname, "views", "page.pug"), { name: "Ada" })
