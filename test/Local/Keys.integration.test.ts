import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Client, type Deployment, Home, Snapshot } from "effect-deployers"
import { LocalDeployer, Processes } from "effect-deployers/Local"
import { tokenOf } from "../Server/ShareTokens.js"
import { layerEmbedded } from "./fixture.js"

const file = fileURLToPath(new URL("../pipelines/paced.ts", import.meta.url))

const body = JSON.stringify({ parameters: { number: 1, millis: 1 } })

/** The statuses of an invocation and of a list of runs, each on a connection of its own, so that any worker may answer. */
const statuses = (url: string | undefined, key: Redacted.Redacted) =>
  Effect.promise(async () => {
    const headers = { authorization: `Bearer ${Redacted.value(key)}`, connection: "close" }
    const json = { ...headers, "content-type": "application/json" }
    const invoked = await fetch(`${url}/invoke`, { method: "POST", body, headers: json })
    const listed = await fetch(`${url}/runs`, { headers })
    await Promise.all([invoked.arrayBuffer(), listed.arrayBuffer()])
    return [invoked.status, listed.status]
  })

/** True if every worker refuses the key. After some refusals the answer is 429. */
const isRefused = (url: string | undefined, key: Redacted.Redacted) =>
  Effect.map(fromAll(url, key), (all) =>
    all.every((pair) => pair.split(",").every((one) => one === "401" || one === "429"))
  )

/** The same often enough to meet every worker. */
const fromAll = (url: string | undefined, key: Redacted.Redacted) =>
  Effect.map(
    Effect.forEach(Array.from({ length: 6 }), () => statuses(url, key)),
    (all) => Array.from(new Set(all.map(String)))
  )

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })(
  "G30: the keys of a local deployment",
  (it) => {
    it.effect("come and go while two workers serve, and a replace neither loses nor revives one", () =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        const snapshot = yield* Snapshot.fromFile(`${file}#first`)
        const settings = { minHealthyMillis: 50, oldInstanceGraceMillis: 0, serving: { workers: 2 } } as const
        const made = yield* deployer.provision(snapshot, { name: "keys", settings })
        const first = (yield* deployer.authKey("keys")) ?? Redacted.make("")
        assert.deepStrictEqual(yield* fromAll(made.url, first), ["200,200"])

        const reader = yield* deployer.addAuthKey("keys", { scopes: ["read"] })
        const runner = yield* deployer.addAuthKey("keys", { scopes: ["invoke"] })
        assert.deepStrictEqual(yield* fromAll(made.url, reader.key), ["403,200"])
        assert.deepStrictEqual(yield* fromAll(made.url, runner.key), ["200,403"])

        const link = Redacted.make(tokenOf(Redacted.value(first), made.id))
        assert.deepStrictEqual(yield* fromAll(made.url, link), ["403,200"])
        const rotated = yield* deployer.rotateAuthKey("keys")
        assert.isTrue(yield* isRefused(made.url, link))
        assert.deepStrictEqual(yield* fromAll(made.url, first), ["200,200"])
        assert.deepStrictEqual(yield* fromAll(made.url, rotated.key), ["200,200"])
        assert.deepStrictEqual(yield* deployer.authKey("keys"), rotated.key)

        const old = (yield* deployer.authKeys("keys")).find(({ isRetiring }) => isRetiring)
        yield* deployer.removeAuthKey("keys", old?.id ?? "")
        assert.isTrue(yield* isRefused(made.url, first))
        yield* deployer.removeAuthKey("keys", runner.id)
        assert.isTrue(yield* isRefused(made.url, runner.key))
        const same = yield* deployer.refresh("keys")
        assert.deepStrictEqual([same.generation, same.metadata["pid"]], [1, made.metadata["pid"]])

        const used = (yield* deployer.authKeys("keys")).filter(({ lastUsedAt }) => lastUsedAt !== undefined)
        assert.deepStrictEqual(
          used.map(({ id }) => id),
          [reader.id, rotated.id]
        )

        const replaced = yield* deployer.provision(snapshot, {
          name: "keys",
          settings: { ...settings, environment: { A: "1" } }
        })
        const back = yield* deployer.rollback("keys")
        assert.strictEqual(back.generation, replaced.generation + 1)
        assert.deepStrictEqual(yield* fromAll(back.url, reader.key), ["403,200"])
        assert.deepStrictEqual(yield* fromAll(back.url, rotated.key), ["200,200"])
        assert.isTrue(yield* isRefused(back.url, runner.key))
        assert.isTrue(yield* isRefused(back.url, first))

        const fs = yield* FileSystem.FileSystem
        const { deployment } = yield* Home.Home
        for (const name of yield* fs.readDirectory(deployment(made.id), { recursive: true })) {
          const path = `${deployment(made.id)}/${name}`
          if ((yield* fs.stat(path)).type !== "File") continue
          const text = yield* fs.readFileString(path)
          for (const key of [first, reader.key, runner.key, rotated.key])
            assert.notInclude(text, Redacted.value(key), name)
        }
        yield* deployer.delete("keys")
      })
    )

    it.effect("runs wait in both workers during a pause, and a maintenance refuses them in both", () =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        const snapshot = yield* Snapshot.fromFile(`${file}#first`)
        const settings = { minHealthyMillis: 50, serving: { workers: 2 } } as const
        const made = yield* deployer.provision(snapshot, { name: "held", settings })
        const key = (yield* deployer.authKey("held")) ?? Redacted.make("")
        yield* deployer.pause("held", { for: "2 minutes" })
        const waits = yield* Effect.fork(
          Effect.all(
            Array.from({ length: 8 }, () => statuses(made.url, key)),
            { concurrency: "unbounded" }
          )
        )
        yield* Effect.repeat(Client.metrics("held"), { until: (text) => /^deployers_runs_queued 8$/m.test(text) })
        yield* deployer.resume("held")
        assert.deepStrictEqual(Array.from(new Set((yield* Fiber.join(waits)).map(String))), ["200,200"])
        const closed = yield* deployer.maintenance("held", { message: "Back soon." })
        assert.deepStrictEqual(yield* fromAll(made.url, key), ["503,200"])
        assert.deepStrictEqual([closed.generation, closed.metadata["pid"]], [1, made.metadata["pid"]])
        yield* deployer.delete("held")
      })
    )

    it.scoped(
      "G18: a process on the port of a killed service gets no key and no parameters, with or without a key",
      () =>
        Effect.gen(function* () {
          const deployer = yield* LocalDeployer.LocalDeployer
          const snapshot = yield* Snapshot.fromFile(`${file}#first`)
          for (const auth of [{ _tag: "generate" }, { _tag: "none" }] as const) {
            const made = yield* deployer.provision(snapshot, {
              name: "victim",
              settings: { minHealthyMillis: 50, auth }
            })
            yield* Client.invoke("victim", { number: 1, millis: 1 })
            process.kill(Number(made.metadata["pid"]), "SIGKILL")
            yield* killDoors(made.id)
            yield* Effect.flip(Client.invoke("victim", { number: 1, millis: 1 }))
            const seen = yield* impostorAt(Number(new URL(made.url ?? "").port))
            const error = yield* Effect.flip(Client.invoke("victim", { number: 4711, millis: 1 }))
            assert.strictEqual(error._tag, "ServiceNotProven")
            assert.isNotEmpty(seen)
            assert.notMatch(seen.join(), /authorization|4711/i)
            yield* deployer.delete("victim")
          }
        })
    )
  }
)

/** Kills the processes that hold the port of a deployment beside its service. */
const killDoors = (id: Deployment.DeploymentId) =>
  Effect.gen(function* () {
    const { deployment } = yield* Home.Home
    const fs = yield* FileSystem.FileSystem
    const { find, signalGroup } = yield* Processes.Processes
    const doors = `${deployment(id)}/doors`
    for (const name of yield* fs.readDirectory(doors)) {
      const folder = `${doors}/${name}`
      for (const { pid } of yield* find([`${folder}/main.mjs`, folder])) yield* signalGroup(pid, "SIGKILL")
    }
  })

/** Listens as soon as the port is free, answers what a service answers, and remembers what it was sent. */
const impostorAt = (port: number) =>
  Effect.acquireRelease(
    Effect.async<{ readonly seen: Array<string>; readonly close: () => void }>((resume) => {
      const seen: Array<string> = []
      const answer = {
        success: true,
        outputs: { number: 1 },
        executionTimeMillis: 1,
        deploymentId: "d",
        proofs: ["0".repeat(64)]
      }
      const server = createServer((request, response) => {
        let sent = ""
        request.on("data", (chunk) => {
          sent += chunk
        })
        request.on("end", () => {
          seen.push(`${request.method} ${request.url} ${request.rawHeaders.join()} ${sent}`)
          response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer))
        })
      })
      server.on("error", () => setTimeout(() => server.listen(port, "127.0.0.1"), 10))
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      server.listen(port, "127.0.0.1", () => resume(Effect.succeed({ seen, close })))
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ seen }) => seen))
