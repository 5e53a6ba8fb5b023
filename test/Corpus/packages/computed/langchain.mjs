import { PromptTemplate } from "@langchain/core/prompts"
import { RunnableLambda } from "@langchain/core/runnables"
import { FakeListChatModel } from "@langchain/core/utils/testing"

export const answer = async () => {
  const chain = PromptTemplate.fromTemplate("Hi {name}")
    .pipe(new FakeListChatModel({ responses: ["Hello"] }))
    .pipe(RunnableLambda.from(({ content }) => content))
  return chain.invoke({ name: "Ada" })
}
