// The default endpoints: each has a path that a setting moves, a switch, and a rule about the key.
import { readFileSync } from "node:fs"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Settings } from "effect-deployers"
import * as Routes from "../../../src/Contract/Routes.js"
import { key, request, served } from "../Harness.js"
import { weather } from "../Pipelines.js"

interface Row {
  readonly name: Routes.RouteName
  readonly method: Routes.Method
  /** The path by default, and the setting that moves it, which moves this much of it. */
  readonly path: string
  readonly setting: keyof Settings.ServingInput
  readonly moved: string
  /** The switch in `disabledEndpoints`. */
  readonly off?: Settings.Serving["disabledEndpoints"][number]
  /** The rule about the key, and the setting that turns it round. */
  readonly key: boolean
  readonly turnedBy?: "publicEndpoints" | "protectedEndpoints"
}

const id = "00000000-0000-7000-8000-000000000001"

const rows: ReadonlyArray<Row> = [
  {
    name: "invoke",
    method: "POST",
    path: "/invoke",
    setting: "invokeUrlPath",
    moved: "/m",
    off: "invoke",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "mcp",
    method: "POST",
    path: "/mcp",
    setting: "mcpUrlPath",
    moved: "/m",
    off: "mcp",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "runs",
    method: "GET",
    path: "/runs",
    setting: "runsUrlPath",
    moved: "/m",
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "run",
    method: "GET",
    path: `/runs/${id}`,
    setting: "runsUrlPath",
    moved: `/m/${id}`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "cancel",
    method: "POST",
    path: `/runs/${id}/cancel`,
    setting: "runsUrlPath",
    moved: `/m/${id}/cancel`,
    off: "runs",
    key: true
  },
  {
    name: "signal",
    method: "POST",
    path: `/runs/${id}/signals/go`,
    setting: "runsUrlPath",
    moved: `/m/${id}/signals/go`,
    off: "runs",
    key: true
  },
  {
    name: "retry",
    method: "POST",
    path: `/runs/${id}/retry`,
    setting: "runsUrlPath",
    moved: `/m/${id}/retry`,
    off: "runs",
    key: true
  },
  {
    name: "events",
    method: "GET",
    path: `/runs/${id}/events`,
    setting: "runsUrlPath",
    moved: `/m/${id}/events`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "socket",
    method: "GET",
    path: `/runs/${id}/socket`,
    setting: "runsUrlPath",
    moved: `/m/${id}/socket`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  { name: "health", method: "GET", path: "/health", setting: "healthUrlPath", moved: "/m", key: false },
  { name: "live", method: "GET", path: "/health/live", setting: "healthUrlPath", moved: "/m/live", key: false },
  { name: "ready", method: "GET", path: "/health/ready", setting: "healthUrlPath", moved: "/m/ready", key: false },
  {
    name: "info",
    method: "GET",
    path: "/info",
    setting: "infoUrlPath",
    moved: "/m",
    off: "info",
    key: false,
    turnedBy: "protectedEndpoints"
  },
  {
    name: "metrics",
    method: "GET",
    path: "/metrics",
    setting: "metricsUrlPath",
    moved: "/m",
    off: "metrics",
    key: false,
    turnedBy: "protectedEndpoints"
  },
  {
    name: "docs",
    method: "GET",
    path: "/docs",
    setting: "docsUrlPath",
    moved: "/m",
    off: "docs",
    key: false,
    turnedBy: "protectedEndpoints"
  },
  {
    name: "openApi",
    method: "GET",
    path: "/openapi.json",
    setting: "openApiUrlPath",
    moved: "/m",
    off: "docs",
    key: false,
    turnedBy: "protectedEndpoints"
  },
  { name: "proof", method: "GET", path: "/proof", setting: "proofUrlPath", moved: "/m", key: false },
  {
    name: "root",
    method: "GET",
    path: "/",
    setting: "pageUrlPath",
    moved: "/m",
    off: "page",
    key: false,
    turnedBy: "protectedEndpoints"
  },
  {
    name: "logs",
    method: "GET",
    path: `/runs/${id}/logs`,
    setting: "runsUrlPath",
    moved: `/m/${id}/logs`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "artifacts",
    method: "GET",
    path: `/runs/${id}/artifacts`,
    setting: "runsUrlPath",
    moved: `/m/${id}/artifacts`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "artifact",
    method: "GET",
    path: `/runs/${id}/artifacts/step`,
    setting: "runsUrlPath",
    moved: `/m/${id}/artifacts/step`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "output",
    method: "GET",
    path: `/runs/${id}/output`,
    setting: "runsUrlPath",
    moved: `/m/${id}/output`,
    off: "runs",
    key: true,
    turnedBy: "publicEndpoints"
  },
  {
    name: "sessions",
    method: "GET",
    path: "/sessions",
    setting: "sessionsUrlPath",
    moved: "/m",
    off: "sessions",
    key: true
  },
  {
    name: "session",
    method: "GET",
    path: `/sessions/${id}`,
    setting: "sessionsUrlPath",
    moved: `/m/${id}`,
    off: "sessions",
    key: true
  },
  {
    name: "deleteSession",
    method: "DELETE",
    path: `/sessions/${id}`,
    setting: "sessionsUrlPath",
    moved: `/m/${id}`,
    off: "sessions",
    key: true
  },
  {
    name: "schedules",
    method: "GET",
    path: "/schedules",
    setting: "schedulesUrlPath",
    moved: "/m",
    off: "schedules",
    key: true
  },
  {
    name: "pauseSchedule",
    method: "POST",
    path: `/schedules/${id}/pause`,
    setting: "schedulesUrlPath",
    moved: `/m/${id}/pause`,
    off: "schedules",
    key: true
  },
  {
    name: "resumeSchedule",
    method: "POST",
    path: `/schedules/${id}/resume`,
    setting: "schedulesUrlPath",
    moved: `/m/${id}/resume`,
    off: "schedules",
    key: true
  },
  {
    name: "fireSchedule",
    method: "POST",
    path: `/schedules/${id}/fire`,
    setting: "schedulesUrlPath",
    moved: `/m/${id}/fire`,
    off: "schedules",
    key: true
  },
  {
    name: "triggers",
    method: "GET",
    path: "/triggers",
    setting: "triggersUrlPath",
    moved: "/m",
    off: "triggers",
    key: true
  },
  {
    name: "pauseTrigger",
    method: "POST",
    path: `/triggers/${id}/pause`,
    setting: "triggersUrlPath",
    moved: `/m/${id}/pause`,
    off: "triggers",
    key: true
  },
  {
    name: "resumeTrigger",
    method: "POST",
    path: `/triggers/${id}/resume`,
    setting: "triggersUrlPath",
    moved: `/m/${id}/resume`,
    off: "triggers",
    key: true
  },
  {
    name: "webhooks",
    method: "GET",
    path: "/webhooks",
    setting: "webhooksUrlPath",
    moved: "/m",
    off: "webhooks",
    key: true
  },
  {
    name: "retryWebhook",
    method: "POST",
    path: `/webhooks/${id}/retry`,
    setting: "webhooksUrlPath",
    moved: `/m/${id}/retry`,
    off: "webhooks",
    key: true
  }
]

const decode = Schema.decodeSync(Settings.Serving)
const routesOf = (serving: Settings.ServingInput) => Routes.make(decode(serving))
const find = (serving: Settings.ServingInput, path: string, method: Routes.Method) =>
  Routes.matcher(routesOf(serving))(path, method)

const everything: Settings.ServingInput = {
  protectedEndpoints: ["info", "metrics", "docs", "page"],
  publicEndpoints: ["invoke", "runs"]
}

describe("the table of endpoints", () => {
  it("has every route", () => {
    assert.deepStrictEqual(
      routesOf({})
        .map(({ name }) => name)
        .sort(),
      rows.map(({ name }) => name).sort()
    )
  })
  it.each(rows)("$name is moved by $setting", ({ method, moved, name, path, setting }) => {
    assert.strictEqual(find({}, path, method)?.name, name)
    assert.strictEqual(find({ [setting]: "/m" }, moved, method)?.name, name)
    assert.notStrictEqual(find({ [setting]: "/m" }, path, method)?.name, name)
  })
  it.each(rows)("$name is off by its switch only", ({ method, name, off, path }) => {
    for (const value of [
      "invoke",
      "runs",
      "sessions",
      "schedules",
      "triggers",
      "webhooks",
      "mcp",
      "info",
      "metrics",
      "docs",
      "page"
    ] as const) {
      const isOff = value === off || ((name === "root" || name === "mcp") && value === "invoke")
      assert.strictEqual(find({ disabledEndpoints: [value] }, path, method)?.name, isOff ? undefined : name, value)
    }
  })
  it.each(rows)("$name asks for the key as its row has it", ({ key: isKeyed, method, name, path, turnedBy }) => {
    assert.strictEqual(find({}, path, method)?.isPublic, !isKeyed, name)
    assert.strictEqual(find(everything, path, method)?.isPublic, turnedBy === undefined ? !isKeyed : isKeyed, name)
  })
  it("is the one in the docs", () => {
    const page = readFileSync("docs/http.md", "utf8")
    for (const { name, off, setting, turnedBy } of rows) {
      const line = page.split("\n").find((text) => text.includes(`\`${setting}\``) && text.startsWith("|")) ?? ""
      assert.include(line, off === undefined ? "cannot" : `"${off}"`, name)
      if (turnedBy !== undefined) assert.include(line, turnedBy, name)
    }
  })
})

describe("endpoints", () => {
  const moved = Object.fromEntries(rows.map(({ name, setting }) => [setting, `/moved-${name}`]))
  const at = Routes.paths(decode(moved))
  const ask = ({ method, name }: Row) =>
    request(at[name].replace(":id", id), method === "POST" ? { json: { parameters: { city: "Oslo" } } } : { method })

  layer(served(weather, { key, serving: moved }), { excludeTestServices: true })("that have moved", (it) => {
    it.effect("ask for the key as the table has it", () =>
      Effect.gen(function* () {
        for (const row of rows) {
          const { status } = yield* ask(row)
          assert.strictEqual(status === 401, row.key, `${row.name}: ${status}`)
          assert.notStrictEqual(status === 404, true, row.name)
        }
      })
    )
    it.effect("are not at their usual paths", () =>
      Effect.gen(function* () {
        for (const { method, path } of rows) assert.strictEqual((yield* request(path, { method })).status, 404, path)
      })
    )
  })
  layer(served(weather, { key, serving: { ...moved, ...everything } }), { excludeTestServices: true })(
    "whose rules are turned round",
    (it) => {
      it.effect("ask for the key as the table has it", () =>
        Effect.gen(function* () {
          for (const row of rows) {
            const { status } = yield* ask(row)
            assert.strictEqual(
              status === 401,
              row.turnedBy === undefined ? row.key : !row.key,
              `${row.name}: ${status}`
            )
          }
        })
      )
      it.effect("are described so in the document", () =>
        Effect.gen(function* () {
          const { json } = yield* request(at.openApi, { headers: { authorization: `Bearer ${key}` } })
          const paths = json["paths"] as Record<string, Record<string, { readonly security?: unknown }>>
          assert.deepStrictEqual(paths[at.invoke]?.["post"]?.security, [])
          assert.deepStrictEqual(paths[at.info]?.["get"]?.security, [{ bearer: [] }])
        })
      )
    }
  )
})
