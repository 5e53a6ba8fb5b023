import { InferenceSession, Tensor } from "onnxruntime-node"

// ONNX: one Add of x and x.
const model = Buffer.from(
  "CAg6NQoOCgF4CgF4EgF5IgNBZGQSAWdaDwoBeBIKCggIARIECgIIAmIPCgF5EgoKCAgBEgQKAggCQgIQDQ==",
  "base64"
)

export const answer = async () => {
  const session = await InferenceSession.create(model)
  const { y } = await session.run({ x: new Tensor("float32", [1, 2], [2]) })
  return [...y.data]
}
