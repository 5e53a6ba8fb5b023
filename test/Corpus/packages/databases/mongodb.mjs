import { BSON, MongoClient, ObjectId } from "mongodb"

export const answer = async () => {
  const client = new MongoClient("mongodb://127.0.0.1:1", { serverSelectionTimeoutMS: 50 })
  const failure = await client.connect().catch((error) => error.constructor.name)
  await client.close()
  return [failure, BSON.calculateObjectSize({ a: 1 }), ObjectId.isValid("0".repeat(24))]
}
