import { AutoTokenizer, env, Tensor } from "@huggingface/transformers"

env.allowRemoteModels = false

export const answer = async () => [
  new Tensor("float32", Float32Array.from([1, 2]), [2]).dims,
  await AutoTokenizer.from_pretrained("no/model").catch((error) => error.message.slice(0, 40))
]
