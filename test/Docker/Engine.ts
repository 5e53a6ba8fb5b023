/** The real engine for tests: one that answers, else a private one. It stays when a test is over, for the next. */
import { createServer } from "node:net"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { v7 } from "uuid"
import { ensure } from "../../scripts/engine.mjs"
import { DockerClientFixture, type Program } from "../../src/Conformance/DockerClientSuite.js"
import { type DockerClient, layer } from "../../src/Docker/DockerClient.js"
import * as Ports from "../../src/Flavor/Ports.js"
import * as HostImage from "./HostImage.js"

export const clientOf = (host: string) =>
  layer({ host }).pipe(Layer.provide(NodeContext.layer), Layer.provide(Ports.layer))

export const client: Layer.Layer<DockerClient> = Layer.unwrapEffect(
  Effect.map(
    Effect.promise(() => ensure({ say: (text) => void process.stderr.write(`${text}\n`) })),
    ({ host }) => clientOf(host)
  )
)

const scripts = {
  runs: "process.on('SIGTERM', () => process.exit(143)); setInterval(() => {}, 1e6)",
  ignores: "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1e6)",
  writes: "console.log('out'); console.error('err')"
}

const program = (program: Program) => {
  if (program === "missing") return { entrypoint: ["/missing"] }
  const script = typeof program === "string" ? scripts[program] : `process.exit(${program.exits})`
  return { entrypoint: ["/bin/node"], command: ["-e", script] }
}

const listening = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ port, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

export const freePort = Effect.map(Effect.scoped(listening), ({ port }) => port)

export const fixture: Layer.Layer<DockerClientFixture, never, DockerClient> = Layer.scoped(
  DockerClientFixture,
  Effect.gen(function* () {
    const label = { name: "effect-deployers.suite", value: v7() }
    const image = `effect-deployers-suite:${label.value}`
    yield* Effect.orDie(HostImage.scoped(image, `${label.name}=${label.value}`))
    return {
      image,
      label,
      program,
      occupiedPort: Effect.map(listening, ({ port }) => port),
      freePort,
      archive: yield* HostImage.smallArchive
    }
  })
)
