import { createOpenAI } from "@ai-sdk/openai"
import { generateText } from "ai"

const openai = createOpenAI({
  apiKey: "none",
  fetch: async () =>
    Response.json({
      id: "1",
      object: "chat.completion",
      created: 0,
      model: "m",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    })
})

export const answer = async () => (await generateText({ model: openai.chat("m"), prompt: "Hi" })).text
