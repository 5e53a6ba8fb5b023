import Anthropic from "@anthropic-ai/sdk"
import OpenAI from "openai"

const fetch = async (url) => Response.json({ error: { message: `no ${new URL(url).pathname}` } }, { status: 400 })

export const answer = async () => [
  await new OpenAI({ apiKey: "none", fetch }).models.list().catch((error) => [error.constructor.name, error.message]),
  await new Anthropic({ apiKey: "none", fetch }).models.list().catch((error) => [error.constructor.name, error.status])
]
