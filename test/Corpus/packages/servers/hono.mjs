import { Hono } from "hono"
import { cors } from "hono/cors"

const app = new Hono().use(cors()).get("/:name", (context) => context.json({ hello: context.req.param("name") }))

export const answer = async () => (await app.request("/Ada")).json()
