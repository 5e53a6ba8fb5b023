/** A real engine behind a proxy that carries out requests and loses their answers. */
import { connect, createServer, type Socket } from "node:net"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import * as Ports from "../../src/Deployer/Ports.js"
import * as DockerBackend from "../../src/Docker/DockerBackend.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import * as Labels from "../../src/Docker/Labels.js"
import { DockerSettings } from "../../src/Docker/Settings.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { census, engineHost, fromFile, layerDocker } from "./DockerFixture.js"
import { instance } from "./DockerRequests.js"

/** Which requests lose their answer, and when: as soon as they were passed on, or when the answer comes. */
class Proxy extends Context.Tag("test/Proxy")<
  Proxy,
  { readonly host: string; lose: (request: string) => "at once" | "when answered" | undefined; lost: number }
>() {}

const pipe = (proxy: typeof Proxy.Service, client: Socket, path: string) => {
  const engine = connect({ path })
  let request = ""
  let fate: ReturnType<typeof proxy.lose>
  const cut = () => {
    proxy.lost += 1
    fate = undefined
    client.destroy()
  }
  client.on("data", (bytes) => {
    engine.write(bytes)
    request += bytes.toString("latin1")
    if (!isWhole(request)) return
    fate = proxy.lose(request)
    request = ""
    if (fate === "at once") cut()
  })
  engine.on("data", (bytes) => {
    if (fate === "when answered") cut()
    else if (!client.destroyed) client.write(bytes)
  })
  // What was passed on is carried out: only the way back is cut.
  client.on("end", () => engine.end())
  engine.on("close", () => client.destroy())
  for (const socket of [client, engine]) socket.on("error", () => undefined)
}

const isWhole = (request: string): boolean => {
  const [head = "", body] = request.split("\r\n\r\n", 2)
  return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
}

const layerProxy = Layer.scoped(
  Proxy,
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-proxy-" })
    const upstream = (yield* engineHost).replace("unix://", "")
    const proxy: typeof Proxy.Service = { host: `unix://${folder}/proxy.sock`, lose: () => undefined, lost: 0 }
    yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((client) => pipe(proxy, client, upstream))
        server.listen(`${folder}/proxy.sock`, () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    )
    return proxy
  })
)

const layerBehindProxy = Layer.unwrapEffect(Effect.map(Proxy, ({ host }) => layerDocker(Effect.succeed(host)))).pipe(
  Layer.provideMerge(layerProxy.pipe(Layer.provide(NodeContext.layer)))
)

layer(layerBehindProxy, { excludeTestServices: true, timeout: "3 minutes" })(
  "An engine whose answers get lost",
  (it) => {
    it.effect(
      "has exactly one container after each of 50 creates, and none in the end",
      () =>
        Effect.gen(function* () {
          const proxy = yield* Proxy
          const { registryId } = yield* DeploymentStore
          const { containers } = yield* DockerClient
          const snapshot = yield* fromFile("healthy.ts", "healthy")
          const docker = yield* DockerBackend.make()
          const name = Labels.containerName(instance)
          let creates = 0
          proxy.lose = (request) => {
            if (!request.startsWith("POST /containers/create") && !/^POST \/v[\d.]+\/containers\/create/.test(request))
              return
            creates += 1
            return creates % 3 === 0 ? undefined : creates % 3 === 1 ? "at once" : "when answered"
          }
          for (let attempt = 0; attempt < 50; attempt++) {
            const settings = yield* Schema.decode(DockerSettings)({ environment: { ATTEMPT: `${attempt}` } })
            const state = yield* docker.provision({
              ...instance,
              registryId,
              snapshot,
              settings,
              authKeyDigests: [],
              record: {
                formatVersion: 1,
                registryId,
                deployer: { flavor: "docker", name: "docker" },
                deployment: { id: instance.deploymentId, name: instance.name },
                generation: instance.generation,
                snapshot,
                settings: {}
              },
              secrets: { TOKEN: Redacted.make("secret") },
              previous: undefined
            })
            const listed = yield* containers.list(Labels.filter({ registryId }))
            assert.deepStrictEqual(
              listed.map((container) => [container.id, container.name, container.status]),
              [[state.metadata.containerId, name, "running"]]
            )
            const { environment } = yield* containers.inspect(name)
            assert.strictEqual(environment.ATTEMPT, `${attempt}`)
          }
          assert.isAtLeast(proxy.lost, 50)
          yield* docker.deprovision(instance, {}, { grace: 0 })
          yield* docker.destroy(instance)
          assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
        }).pipe(Effect.provide(Ports.layer)),
      300_000
    )
  }
)
