import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FetchHttpClient, FileSystem, HttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Deployer } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { fromFile } from "../../Docker/DockerFixture.js"

const bin = fileURLToPath(new URL("../../../dist/bin.js", import.meta.url))

/** `deployers supervise` until the scope ends: its output and its exit. */
const supervise = (home: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DEPLOYERS_HOME: home }
      const child = spawn(process.execPath, [bin, "supervise", "--every", "500ms", "--json"], { env })
      const said = { stdout: "", stderr: "" }
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        said.stdout += chunk
      })
      child.stderr.setEncoding("utf8").on("data", (chunk) => {
        said.stderr += chunk
      })
      const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
      return { child, said, ended }
    }),
    ({ child, ended }) =>
      Effect.promise(() => {
        child.kill("SIGKILL")
        return ended
      })
  )

describe("deployers supervise", () => {
  it.live(
    "restarts a killed process, reports it, and ends on Ctrl-C without a change",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const client = yield* HttpClient.HttpClient
        const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-supervised-" })
        yield* Effect.gen(function* () {
          const deployer = yield* Deployer.Deployer
          const made = yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), { name: "victim" })
          const { child, ended, said } = yield* supervise(home)
          process.kill(-Number(made.metadata.pid), "SIGKILL")
          const back = yield* Effect.retry(
            Effect.filterOrFail(
              deployer.get("victim"),
              ({ metadata, status }) => status === "running" && metadata.pid !== made.metadata.pid,
              () => "not yet"
            ),
            Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(300))
          )
          assert.strictEqual(back.url, made.url)
          const isSaid = Effect.sync(() => said.stdout.includes('"restore"'))
          yield* Effect.repeat(isSaid, { until: (yes) => yes, schedule: Schedule.spaced("50 millis"), times: 200 })
          child.kill("SIGINT")
          assert.strictEqual(yield* Effect.promise(() => ended), 130)
          const reports = said.stdout
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, unknown>)
          assert.deepInclude(reports.at(-1), { deployment: "victim", action: "restore", outcome: "done" })
          assert.include(said.stderr, "keep running")
          assert.strictEqual((yield* client.get(`${back.url}/health/ready`)).status, 200)
        }).pipe(
          Effect.ensuring(Effect.ignore(Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete("victim")))),
          Effect.provide(Embedded.layer({ home }))
        )
      }).pipe(Effect.scoped, Effect.provide([NodeContext.layer, FetchHttpClient.layer])),
    120_000
  )
})
