import { encoding_for_model, get_encoding } from "tiktoken"

export const answer = () => {
  const encoding = get_encoding("cl100k_base")
  const tokens = [...encoding.encode("hello world")]
  return [tokens, encoding_for_model("gpt-4o").encode("hi").length]
}
