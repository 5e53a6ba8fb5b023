import { join } from "node:path"
import protobuf from "protobufjs"

export const answer = async () => {
  const Name = (await protobuf.load(join(import.meta.dirname, "greeter.proto"))).lookupType("corpus.Name")
  return [...Name.encode(Name.create({ name: "Ada" })).finish()]
}
