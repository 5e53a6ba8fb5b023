import * as Http from "node:http"
import * as Net from "node:net"
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Chunk, Console, Effect, Exit, Fiber, Schedule, Stream } from "effect"
import { type Deployment, Home, Snapshot } from "effect-deployers"
import { LocalDeployer, Processes } from "effect-deployers/Local"
import { underLoad } from "../Load.js"
import { isLong } from "../Long.js"
import { accepted, post } from "../RawCaller.js"
import { connectTo } from "../Server/SocketClient.js"
import { layerEmbedded } from "./fixture.js"

const file = fileURLToPath(new URL("../pipelines/paced.ts", import.meta.url))
const computing = fileURLToPath(new URL("../pipelines/computing.ts", import.meta.url))

const services = [
  { workers: 1, replaces: isLong ? 200 : 6 },
  { workers: 2, replaces: isLong ? 100 : 3 }
]

const versionOf = (json: unknown): unknown =>
  typeof json === "object" && json !== null && "outputs" in json ? json.outputs : json

const scopedAgent = Effect.acquireRelease(
  Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 4, scheduling: "fifo" })),
  (agent) => Effect.sync(() => agent.destroy())
)

/** A connection to a URL on which nothing was sent yet. */
const connected = (url: string) =>
  Effect.acquireRelease(
    Effect.async<Net.Socket, string>((resume) => {
      const { hostname, port } = new URL(url)
      const socket = Net.connect(Number(port), hostname, () => resume(Effect.succeed(socket)))
      socket.on("error", ({ message }) => resume(Effect.fail(message)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Everything that a connection brings after a run was asked for on it. */
const answered = (socket: Net.Socket) =>
  Effect.async<string>((resume) => {
    const body = JSON.stringify({ parameters: { until: "" } })
    let text = ""
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString()
    })
    socket.once("close", () => resume(Effect.succeed(text)))
    const head = ["POST /invoke HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Connection: close"]
    socket.write([...head, `Content-Length: ${body.length}`, "", body].join("\r\n"))
  })

/** The number of the process of a door; 0 if none lives. */
const doorOf = (id: Deployment.DeploymentId) =>
  Effect.gen(function* () {
    const { deployment } = yield* Home.Home
    const { find } = yield* Processes.Processes
    const folder = `${deployment(id)}/doors/1`
    const [door] = yield* find([`${folder}/main.mjs`, folder])
    return door?.pid ?? 0
  })

const kill = (pid: number) => Effect.flatMap(Processes.Processes, ({ signalGroup }) => signalGroup(pid, "SIGKILL"))

layer(layerEmbedded, { excludeTestServices: true, timeout: "3 minutes" })("The door of a local deployment", (it) => {
  it.scoped.each(services)(
    "fails no request of callers that know only the URL across $replaces replaces of $workers workers",
    ({ replaces, workers }) =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        const snapshots = [yield* Snapshot.fromFile(`${file}#first`), yield* Snapshot.fromFile(`${file}#second`)]
        const settings = {
          auth: { _tag: "none" },
          minHealthyMillis: 20,
          oldInstanceGraceMillis: 100,
          serving: { workers }
        } as const
        const replace = (round: number) => deployer.provision(snapshots[round % 2] ?? "", { name: "open", settings })
        const made = yield* replace(0)
        const url = `${made.url}/invoke`
        const agent = yield* scopedAgent
        const ask = (number: number) =>
          Effect.filterOrFail(
            post(url, { parameters: { number, millis: number % 10 === 0 ? 200 : 1 } }, number % 2 === 0 && agent),
            ({ status }) => status === 200,
            ({ json, status }) => `${status} ${JSON.stringify(json)}`
          )
        const [last, { failed, failures, requests }] = yield* underLoad({ callers: 6, restMillis: 10, ask }, () =>
          Effect.reduce(Array.from({ length: replaces }), made, (_, __, index) => replace(index + 1))
        )
        yield* Console.log(
          `door: ${requests} requests by URL across ${replaces} replaces of ${workers} workers, ${failed} failed`
        )
        assert.deepStrictEqual([failed, failures], [0, []])
        assert.deepStrictEqual([last.generation, last.url], [replaces + 1, made.url])
        // Without its process the door is open all the same, and an instance starts it again.
        const before = yield* doorOf(last.id)
        yield* kill(before)
        assert.strictEqual((yield* ask(0)).status, 200)
        yield* Effect.repeat(doorOf(last.id), {
          until: (pid) => pid > 0 && pid !== before,
          schedule: Schedule.spaced("50 millis")
        })
        const reopened = yield* replace(replaces + 1)
        assert.strictEqual(reopened.url, made.url)
        const answer = yield* post(url, { parameters: { number: 1, millis: 1 } }, false)
        assert.deepStrictEqual<unknown>(versionOf(answer.json), { number: 1, version: ((replaces + 1) % 2) + 1 })
        yield* deployer.delete("open")
        assert.strictEqual(yield* Effect.flip(post(url, {}, false)), "ECONNREFUSED")
      }),
    isLong ? 3_000_000 : 600_000
  )

  it.scoped("carries the WebSocket of a run to one of two workers", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const { url } = yield* deployer.provision(yield* Snapshot.fromFile(`${file}#first`), {
        name: "followed",
        settings: { auth: { _tag: "none" }, serving: { workers: 2 } }
      })
      for (const number of [1, 2, 3]) {
        const id = yield* accepted(`${url}/invoke`, { parameters: { number, millis: 200 } })
        const { refusal, rest } = yield* connectTo(`${url}`, `/runs/${id}/socket`)
        assert.isUndefined(refusal)
        const told = yield* rest
        assert.deepInclude(told.at(-2)?.data ?? {}, { status: "succeeded" })
        assert.deepStrictEqual(told.at(-1), { closed: 1000 })
      }
      yield* deployer.delete("followed")
    })
  )

  it.scoped("answers health at the URL of a service whose step computes, which is replaced meanwhile", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const fs = yield* FileSystem.FileSystem
      const go = `${yield* fs.makeTempDirectoryScoped()}/go`
      const settings = { auth: { _tag: "none" }, minHealthyMillis: 20, oldInstanceGraceMillis: 100 } as const
      const made = yield* deployer.provision(yield* Snapshot.fromFile(`${computing}#first`), { name: "busy", settings })
      const invoke = (until: string, url = made.url) => post(`${url}/invoke`, { parameters: { until } }, false)
      const { deployment } = yield* Home.Home
      const endpoint = yield* fs.readFileString(`${deployment(made.id)}/generations/1/endpoint.json`)
      // A connection that was accepted just before the step began waits for it.
      const health = Effect.promise(async (signal) => (await fetch(`${made.url}/health`, { signal })).text()).pipe(
        Effect.timeoutTo({ duration: "1 second", onSuccess: (text) => text, onTimeout: () => "" })
      )
      const log = Effect.map(Stream.runCollect(deployer.logs("busy")), (lines) =>
        Chunk.toReadonlyArray(lines).some(({ text }) => text.includes("Health is answered while a step computes"))
      )
      yield* Effect.repeat(log, { until: (isThere) => isThere, schedule: Schedule.spaced("50 millis") })
      // No connection of the door waits for this run.
      const run = yield* Effect.fork(invoke(go, `http://127.0.0.1:${JSON.parse(endpoint).port}`))
      yield* Effect.repeat(health, {
        until: (text) => text.includes("blockedMillis"),
        schedule: Schedule.spaced("20 millis")
      })
      assert.strictEqual((yield* deployer.refresh("busy")).status, "running")
      const silent = yield* Effect.all(
        Array.from({ length: 8 }, () => connected(`${made.url}`)),
        { concurrency: 8 }
      )
      const replacing = yield* Effect.fork(
        deployer.provision(yield* Snapshot.fromFile(`${computing}#second`), { name: "busy", settings })
      )
      // New callers reach the new version while the old one computes.
      yield* Effect.repeat(health, {
        until: (text) => text.includes('"ready"'),
        schedule: Schedule.spaced("20 millis")
      })
      assert.deepStrictEqual<unknown>(versionOf((yield* invoke("")).json), 2)
      assert.isNull(run.unsafePoll())
      yield* fs.writeFileString(go, "")
      // A thread of the old version accepted these. Their first bytes arrive while the old version leaves.
      const late = yield* Effect.all(silent.map(answered), { concurrency: 8 })
      assert.deepStrictEqual(
        late.map((text) => text.slice(0, text.indexOf("\r\n"))),
        late.map(() => "HTTP/1.1 200 OK")
      )
      assert.deepStrictEqual<unknown>(versionOf((yield* Fiber.join(run)).json), 1)
      assert.strictEqual((yield* Fiber.join(replacing)).generation, 2)
      yield* deployer.delete("busy")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("holds the requests of callers while an ended instance starts again, and answers 503 if none does", () =>
    Effect.gen(function* () {
      const deployer = yield* LocalDeployer.LocalDeployer
      const { signalGroup } = yield* Processes.Processes
      const made = yield* deployer.provision(yield* Snapshot.fromFile(`${file}#first`), {
        name: "mortal",
        settings: { auth: { _tag: "none" } }
      })
      const ask = post(`${made.url}/invoke`, { parameters: { number: 1, millis: 1 } }, false)
      assert.strictEqual((yield* ask).status, 200)

      yield* signalGroup(Number(made.metadata.pid), "SIGKILL")
      const held = yield* Effect.fork(ask)
      yield* Effect.repeat(deployer.reconcile, {
        until: ({ actions }) => actions.some(({ action }) => action === "restore"),
        schedule: Schedule.spaced("50 millis")
      })
      const answered = yield* Fiber.await(held)
      assert.deepStrictEqual([Exit.isSuccess(answered) && answered.value.status], [200])
      const back = yield* deployer.get("mortal")
      assert.deepStrictEqual([back.status, back.url], ["running", made.url])

      yield* signalGroup(Number(back.metadata.pid), "SIGKILL")
      const refused = yield* ask
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers["retry-after"], "1")
      assert.deepInclude(refused.json, { _tag: "ServiceUnavailable" })
      yield* deployer.reprovision("mortal")
      yield* Effect.repeat(ask, { until: ({ status }) => status === 200 })
      assert.strictEqual((yield* deployer.get("mortal")).url, made.url)
      yield* deployer.delete("mortal")
    })
  )
})
