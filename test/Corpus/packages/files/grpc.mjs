import { fileURLToPath } from "node:url"
import grpc from "@grpc/grpc-js"
import { loadSync } from "@grpc/proto-loader"

const { corpus } = grpc.loadPackageDefinition(loadSync(fileURLToPath(new URL("./greeter.proto", import.meta.url))))

export const answer = async () => {
  const server = new grpc.Server()
  server.addService(corpus.Greeter.service, {
    greet: ({ request }, done) => done(null, { text: `Hello, ${request.name}` })
  })
  const port = await new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port)
    )
  )
  const client = new corpus.Greeter(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
  const reply = await new Promise((resolve, reject) =>
    client.greet({ name: "Ada" }, (error, value) => (error ? reject(error) : resolve(value)))
  )
  client.close()
  server.forceShutdown()
  return reply
}
