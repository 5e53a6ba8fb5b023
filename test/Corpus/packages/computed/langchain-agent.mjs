import { tool } from "langchain"
import { z } from "zod"

export const answer = async () => {
  const add = tool(async ({ a, b }) => String(a + b), {
    name: "add",
    description: "adds",
    schema: z.object({ a: z.number(), b: z.number() })
  })
  return [add.name, await add.invoke({ a: 1, b: 2 })]
}
