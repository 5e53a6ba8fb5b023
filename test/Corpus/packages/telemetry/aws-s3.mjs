import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3"

const client = new S3Client({
  region: "eu-west-1",
  endpoint: "http://127.0.0.1:1",
  maxAttempts: 1,
  credentials: { accessKeyId: "a", secretAccessKey: "b" }
})

export const answer = async () => [
  client.constructor.name,
  await client.send(new GetObjectCommand({ Bucket: "b", Key: "k" })).catch((error) => error.code)
]
