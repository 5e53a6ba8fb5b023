import Fastify from "fastify"

export const answer = async () => {
  const app = Fastify()
  const schema = { response: { 200: { type: "object", properties: { a: { type: "integer" } } } } }
  app.get("/", { schema }, async () => ({ a: 1, hidden: 2 }))
  return (await app.inject("/")).json()
}
