import { join } from "node:path"
import autoload from "@fastify/autoload"
import fastify from "fastify"

export const answer = async () => {
  const app = fastify()
  app.register(autoload, { dir: join(import.meta.dirname, "routes") })
  const bodies = [await app.inject("/hello"), await app.inject("/users")].map(({ body }) => body)
  await app.close()
  return bodies
}
