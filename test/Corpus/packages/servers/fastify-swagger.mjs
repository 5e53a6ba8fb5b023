import swagger from "@fastify/swagger"
import Fastify from "fastify"

export const answer = async () => {
  const app = Fastify()
  await app.register(swagger, { openapi: { info: { title: "t", version: "1" } } })
  app.get("/a", { schema: { querystring: { type: "object", properties: { q: { type: "string" } } } } }, async () => "")
  await app.ready()
  return app.swagger().paths
}
