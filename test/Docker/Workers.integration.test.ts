import { readFileSync } from "node:fs"
import { HttpBody, HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import { fromFile, layerDocker } from "./DockerFixture.js"

const childrenOf = (pid: number): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, met: (value: A) => boolean) =>
  effect.pipe(
    Effect.filterOrFail(met),
    Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(400)))
  )

const get = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url)).pipe(
    Effect.flatMap(({ text }) => text),
    Effect.scoped
  )

const invoke = (url: string | undefined, text: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, {
      body: HttpBody.unsafeJson({ parameters: { text } }),
      headers: { connection: "close" }
    })
  ).pipe(
    Effect.map(({ status }) => status),
    Effect.scoped
  )

layer(layerDocker(), { excludeTestServices: true, timeout: "4 minutes" })("A container with workers", (it) => {
  it.effect("is served by all of them, replaces one that is killed, and drains", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const { containers } = yield* DockerClient
      const snapshot = yield* fromFile("healthy.ts", "healthy")
      const { metadata, url } = yield* deployer.provision(snapshot, {
        name: "crew",
        settings: { auth: { _tag: "none" }, serving: { workers: 2 } }
      })
      const metrics = get(`${url}/metrics`)
      assert.include(yield* metrics, "\ndeployers_workers 2\n")
      const statuses = yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], (text) => invoke(url, text))
      assert.deepStrictEqual(statuses, [200, 200, 200, 200, 200, 200])
      assert.include(yield* metrics, '\ndeployers_runs_total{status="succeeded"} 6\n')

      const { raw } = yield* containers.inspect(String(metadata.containerId))
      const { Pid } = (raw as { readonly State: { readonly Pid: number } }).State
      const [primary = 0] = childrenOf(Pid)
      const workers = childrenOf(primary)
      assert.strictEqual(workers.length, 2)
      process.kill(workers[0] ?? 0, "SIGKILL")
      yield* eventually(metrics, (text) => text.includes("\ndeployers_worker_restarts_total 1\n"))
      yield* eventually(metrics, (text) => text.includes("\ndeployers_workers 2\n"))
      assert.include(yield* metrics, '\ndeployers_runs_total{status="succeeded"} 6\n')
      assert.strictEqual(yield* invoke(url, "again"), 200)

      yield* deployer.deprovision("crew")
      yield* deployer.delete("crew")
    })
  )
})
