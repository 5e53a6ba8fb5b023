import { fileURLToPath } from "node:url"
import nunjucks from "nunjucks"

const environment = nunjucks.configure(fileURLToPath(new URL("./views", import.meta.url)))

export const answer = () => environment.render("page.njk", { name: "Ada" }).trim()
