import { once } from "node:events"
import Koa from "koa"

export const answer = async () => {
  const app = new Koa()
  app.use(async (context) => {
    context.body = { path: context.path }
  })
  const server = app.listen(0, "127.0.0.1")
  await once(server, "listening")
  const reply = await (await fetch(`http://127.0.0.1:${server.address().port}/x`)).json()
  server.close()
  return reply
}
