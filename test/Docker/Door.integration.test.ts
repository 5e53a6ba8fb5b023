import * as Http from "node:http"
import { assert, layer } from "@effect/vitest"
import { Console, Effect, Schedule } from "effect"
import type { Deployment } from "effect-deployers"
import * as DockerClient from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import * as Labels from "../../src/Docker/Labels.js"
import type { DockerSettingsInput } from "../../src/Docker/Settings.js"
import { underLoad } from "../Load.js"
import { isLong } from "../Long.js"
import { accepted, post } from "../RawCaller.js"
import { connectTo } from "../Server/SocketClient.js"
import { census, engineHost, fromFile, layerDocker } from "./DockerFixture.js"
import { freePort } from "./Engine.js"

const replaces = isLong ? 200 : 8

const versionOf = (json: unknown): unknown =>
  typeof json === "object" && json !== null && "outputs" in json ? json.outputs : json

const scopedAgent = Effect.acquireRelease(
  Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 4, scheduling: "fifo" })),
  (agent) => Effect.sync(() => agent.destroy())
)

const snapshots = Effect.all([fromFile("paced.ts", "first"), fromFile("paced.ts", "second")])

/** The names of the doors of a deployment. */
const doorsOf = ({ id }: Deployment.Deployment) =>
  Effect.map(census, ({ containers }) => containers.filter((name) => name.startsWith(`effect-deployers-${id}-door-`)))

const doorAt = ({ id }: Deployment.Deployment, port: number) => Labels.doorName(id, port)

const untilBack = Schedule.spaced("50 millis")

layer(layerDocker(engineHost, { defaults: { door: true, auth: { _tag: "none" } } }), {
  excludeTestServices: true,
  timeout: "3 minutes"
})("The door of a Docker deployment", (it) => {
  it.scoped(
    `fails no request of callers that know only the URL across ${replaces} replaces`,
    () =>
      Effect.gen(function* () {
        const deployer = yield* DockerDeployer
        const [first, second] = yield* snapshots
        const settings = { minHealthyMillis: 20, oldInstanceGraceMillis: 100 }
        const replace = (round: number) =>
          deployer.provision(round % 2 === 0 ? first : second, { name: "open", settings })
        const made = yield* replace(0)
        const url = `${made.url}/invoke`
        const agent = yield* scopedAgent
        const ask = (number: number) =>
          Effect.filterOrFail(
            post(url, { parameters: { number, millis: number % 10 === 0 ? 200 : 1 } }, number % 2 === 0 && agent),
            ({ status }) => status === 200,
            ({ json, status }) => `${status} ${JSON.stringify(json)}`
          )
        const [last, { failed, failures, requests, slowestMillis }] = yield* underLoad(
          { callers: 6, restMillis: 10, ask },
          () => Effect.reduce(Array.from({ length: replaces }), made, (_, __, index) => replace(index + 1))
        )
        yield* Console.log(
          `door: ${requests} requests by URL across ${replaces} replaces, ${failed} failed, slowest ${slowestMillis} ms`
        )
        assert.deepStrictEqual([failed, failures], [0, []])
        assert.deepStrictEqual([last.generation, last.url], [replaces + 1, made.url])
        assert.strictEqual((yield* doorsOf(last)).length, 1)
        const answer = yield* post(url, { parameters: { number: 1, millis: 1 } }, false)
        assert.deepStrictEqual<unknown>(versionOf(answer.json), { number: 1, version: (replaces % 2) + 1 })
        yield* deployer.delete("open")
        assert.strictEqual(yield* Effect.flip(post(url, {}, false)), "ECONNREFUSED")
      }),
    Math.max(1_200_000, replaces * 15_000)
  )

  it.scoped(
    "keeps a fixed port over replaces, a killed door and a killed instance, and closes it with the deployment",
    () =>
      Effect.gen(function* () {
        const deployer = yield* DockerDeployer
        const { containers } = yield* DockerClient.DockerClient
        const [first, second] = yield* snapshots
        const port = yield* freePort
        const provision = (snapshot: typeof first, settings: DockerSettingsInput = {}) =>
          deployer.provision(snapshot, { name: "fixed", settings: { port, ...settings } })
        const made = yield* provision(first)
        const url = `http://127.0.0.1:${port}`
        assert.deepStrictEqual([made.url, made.metadata.port, made.metadata.door], [url, port, true])
        const ask = post(`${url}/invoke`, { parameters: { number: 1, millis: 1 } }, false)
        const answered = Effect.filterOrFail(ask, ({ status }) => status === 200)

        const followed = yield* accepted(`${url}/invoke`, { parameters: { number: 1, millis: 200 } })
        const told = yield* Effect.flatMap(connectTo(url, `/runs/${followed}/socket`), ({ rest }) => rest)
        assert.deepInclude(told.at(-2)?.data ?? {}, { status: "succeeded" })
        assert.deepStrictEqual(told.at(-1), { closed: 1000 })

        const [, { failed, failures }] = yield* underLoad({ callers: 4, restMillis: 10, ask: () => answered }, () =>
          provision(second, { serving: { workers: 2 } }).pipe(
            Effect.zipRight(deployer.rollback("fixed")),
            Effect.zipRight(provision(first))
          )
        )
        assert.deepStrictEqual([failed, failures], [0, []])

        const [door = ""] = yield* doorsOf(made)
        yield* containers.kill(door)
        yield* containers.wait(door)
        assert.strictEqual((yield* deployer.refresh("fixed")).reason, "its door does not run")
        const { actions } = yield* deployer.reconcile
        assert.deepStrictEqual(
          actions.map(({ action }) => action),
          ["restore"]
        )
        assert.strictEqual((yield* ask).status, 200)

        const { metadata } = yield* deployer.get("fixed")
        yield* containers.kill(String(metadata.containerId))
        assert.strictEqual((yield* ask).status, 503)
        yield* Effect.repeat(deployer.reconcile, {
          until: ({ actions }) => actions.some(({ action }) => action === "restore"),
          schedule: Schedule.spaced("50 millis")
        })
        assert.strictEqual((yield* Effect.retry(answered, untilBack)).status, 200)

        yield* deployer.deprovision("fixed")
        assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
        assert.strictEqual(yield* Effect.flip(ask), "ECONNREFUSED")
        const again = yield* provision(second)
        assert.deepStrictEqual([again.url, (yield* ask).status], [url, 200])

        // Another port is another door; without one, the container has the port itself.
        const moved = yield* freePort
        const other = yield* provision(first, { port: moved })
        assert.deepStrictEqual(
          [other.url, yield* doorsOf(other)],
          [`http://127.0.0.1:${moved}`, [doorAt(other, moved)]]
        )
        assert.strictEqual(yield* Effect.flip(ask), "ECONNREFUSED")
        const bare = yield* provision(second, { port: moved, door: false })
        assert.deepStrictEqual([bare.url, yield* doorsOf(bare)], [other.url, []])
        const back = yield* provision(first, { port: moved })
        assert.deepStrictEqual([back.url, yield* doorsOf(back)], [other.url, [doorAt(back, moved)]])
        yield* deployer.delete("fixed")
        assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
      }),
    600_000
  )
})
