import { codeToHtml } from "shiki"

export const answer = () => codeToHtml("const a = 1", { lang: "js", theme: "nord" })
