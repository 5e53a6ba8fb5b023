// The agent as a service, in front of a stub of the API of a model, and restarted in the middle of a conversation.
import { createServer } from "node:http"
import { FetchHttpClient, FileSystem, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeFileSystem, NodeHttpServer } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import { Client } from "effect-deployers"
import { Serve, Server } from "effect-deployers/Server"
import { Runs } from "effect-deployers/Store"
import { agent } from "./agent.js"

/** Answers with the number of messages that it got, and the last one. */
const model = HttpServer.serve(
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { messages } = (yield* request.json) as { readonly messages: ReadonlyArray<{ readonly content: string }> }
    const content = `${messages.length}: ${messages.at(-1)?.content}`
    if (content.includes("fail")) return HttpServerResponse.empty({ status: 500 })
    return HttpServerResponse.unsafeJson({ choices: [{ message: { content } }] })
  })
).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })))

const withModel = Layer.unwrapEffect(
  Effect.map(HttpServer.HttpServer, ({ address }) => {
    const port = address._tag === "TcpAddress" ? address.port : 0
    return Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["MODEL_URL", `http://127.0.0.1:${port}/v1`]])))
  })
).pipe(Layer.provideMerge(model))

/** One life of the service, over a store in a file. */
const serving = (file: string) =>
  Server.layer(agent).pipe(Layer.provide([Runs.layerFile(file), Logger.remove(Logger.defaultLogger)]))

const ask = (text: string, session: string) =>
  Effect.flatMap(Serve.Served, ({ url }) => Client.make(agent, { url }).invoke({ text }, { session }))

it.scopedLive("continues a conversation after a restart, and keeps sessions apart", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = `${yield* fs.makeTempDirectoryScoped()}/runs.db`
    yield* Effect.gen(function* () {
      expect(yield* ask("I am Ada", "ada")).toStrictEqual({ text: "1: I am Ada", messages: 2 })
      expect((yield* Effect.flip(ask("please fail", "ada")))._tag).toBe("ModelFailed")
    }).pipe(Effect.provide(serving(file)))
    yield* Effect.gen(function* () {
      expect(yield* ask("Who am I?", "ada")).toStrictEqual({ text: "3: Who am I?", messages: 4 })
      expect(yield* ask("Hello", "bob")).toStrictEqual({ text: "1: Hello", messages: 2 })
      const { url } = yield* Serve.Served
      const { sessions } = yield* Client.sessions({ url })
      expect(sessions.map(({ id, states }) => [id, states])).toStrictEqual([
        ["ada", ["conversation"]],
        ["bob", ["conversation"]]
      ])
      const { runs } = yield* Client.runs({ url }, { session: "ada", limit: 1 })
      const { lines } = yield* Client.logs({ url }, runs[0]?.id ?? "")
      expect(lines.map(({ message }) => message)).toStrictEqual(["The conversation has 2 messages."])
      yield* Client.deleteSession({ url }, "ada")
      expect((yield* ask("Again", "ada")).messages).toBe(2)
    }).pipe(Effect.provide(serving(file)))
  }).pipe(Effect.provide([withModel, FetchHttpClient.layer, NodeFileSystem.layer]))
)
