import { once } from "node:events"
import express from "express"

export const answer = async () => {
  const app = express()
  app.set("views", `${import.meta.dirname}/views`)
  app.set("view engine", "ejs")
  app.get("/:name", ({ params }, response) => response.render("page", params))
  const server = app.listen(0, "127.0.0.1")
  await once(server, "listening")
  const text = await (await fetch(`http://127.0.0.1:${server.address().port}/Ada`)).text()
  server.close()
  return text
}
