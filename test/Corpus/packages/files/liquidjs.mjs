import { Liquid } from "liquidjs"

const engine = new Liquid({ root: new URL("./views/", import.meta.url).pathname, extname: ".liquid" })

export const answer = async () => (await engine.renderFile("page", { name: "Ada" })).trim()
