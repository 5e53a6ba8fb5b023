// `deployers ui`: the address that it prints, and the records behind the page.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { Browser } from "../../../src/Cli/Browser.js"
import { Input, Output, run } from "../../../src/Cli/index.js"
import { cli, World, worldWith } from "../support.js"

const double = Step.make("double", { input: Schema.Int, output: Schema.Int, run: (n) => Effect.succeed(2 * n) })
const twice = Pipeline.make("twice", {
  input: Schema.Struct({ n: Schema.Int }),
  output: Schema.Int,
  run: ({ n }) => Effect.zipRight(Effect.logInfo(`doubles ${n}`), double(n))
})

/** The command until the scope closes, with the address that its browser gets. */
const opened = (...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const captured = Output.capture()
    const address = yield* Deferred.make<string>()
    const browser = Layer.succeed(Browser, { open: (url) => Deferred.succeed(address, url) })
    const fiber = yield* Effect.forkScoped(
      run(["ui", "--open", ...args]).pipe(Effect.provide([captured.layer, Input.layerTest({}), browser]))
    )
    const url = yield* Effect.raceFirst(
      Deferred.await(address),
      Effect.flatMap(Fiber.join(fiber), () => Effect.flatMap(captured.stderr, Effect.dieMessage))
    )
    return { url, stdout: yield* captured.stdout, stderr: yield* captured.stderr }
  })

/** Reads from the control API of a page, as the browser with its token. */
const browsing = (firstUrl: string) =>
  Effect.promise(async () => {
    const [url = "", token] = firstUrl.split("#token=")
    const { origin } = new URL(url)
    const { headers } = await fetch(`${url}session`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: JSON.stringify({ token })
    })
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? ""
    return (path: string) =>
      Effect.promise(async () => {
        const response = await fetch(`${url}api/v1/${path}`, { headers: { cookie } })
        return { status: response.status, body: JSON.parse(await response.text()) }
      })
  })

describe("deployers ui", () => {
  it.scopedLive("prints an address that opens the page once, and opens it in the browser", () =>
    Effect.gen(function* () {
      const { stderr, stdout, url } = yield* opened()
      assert.strictEqual(stdout, `${url}\n`)
      assert.include(stderr, "The address opens the page in one browser, once.")
      const { port } = new URL(url)
      const taken = yield* cli(["ui", "--port", port])
      assert.strictEqual(taken.exitCode, 1)
      assert.include(taken.stderr, `Port ${port} on 127.0.0.1 is taken`)
      const asJson = yield* opened("--json")
      assert.deepStrictEqual(JSON.parse(asJson.stdout), { url: asJson.url })
    }).pipe(Effect.provide(World))
  )

  it.scopedLive("shows the runs, their steps and lines, and the events of a deployment", () =>
    Effect.gen(function* () {
      yield* cli(["deploy", "weather.ts", "--name", "twice"])
      yield* cli(["invoke", "twice", "--n", "21"])
      const get = yield* browsing((yield* opened()).url)
      const { body: page } = yield* get("deployments/twice/runs?limit=1")
      assert.deepStrictEqual(
        page.runs.map((one: { readonly status: string }) => one.status),
        ["succeeded"]
      )
      const { body: one } = yield* get(`deployments/twice/runs/${page.runs[0].id}`)
      assert.deepStrictEqual([one.outputs, one.steps[0].name], [42, "double"])
      const { body: log } = yield* get(`deployments/twice/runs/${page.runs[0].id}/logs`)
      assert.deepStrictEqual(
        log.lines.map((line: { readonly message: string }) => line.message),
        ["doubles 21"]
      )
      const { body: events } = yield* get("deployments/twice/events")
      assert.strictEqual(events[0].type, "operation_started")
      const { body: later } = yield* get(`deployments/twice/events?after=${events.at(-2).sequence}`)
      assert.deepStrictEqual(later, [events.at(-1)])
      const missing = yield* get("deployments/twice/runs/00000000-0000-7000-8000-000000000000")
      assert.deepStrictEqual([missing.status, missing.body._tag], [404, "RunNotFound"])
    }).pipe(Effect.provide(worldWith(twice)))
  )
})
