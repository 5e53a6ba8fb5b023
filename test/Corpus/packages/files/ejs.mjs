import { fileURLToPath } from "node:url"
import ejs from "ejs"

export const answer = () => ejs.renderFile(fileURLToPath(new URL("./views/page.ejs", import.meta.url)), { name: "Ada" })
