import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Redacted } from "effect"
import { Input, Output, run, runWith } from "../../src/Cli/index.js"
import { Deployer } from "../../src/Deployer.js"
import { StoreError } from "../../src/Errors/Stores.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { cli, json, Untouched, World } from "./support.js"

const deploy = (name: string, ...more: ReadonlyArray<string>) => cli(["deploy", "weather.ts", "--name", name, ...more])

layer(World)("commands", (it) => {
  it.effect("deploy prints the deployment, its new key once, and how to call it", () =>
    Effect.gen(function* () {
      const first = yield* deploy("deployed")
      expect(first.exitCode).toBe(0)
      const { authKey } = json(yield* cli(["describe", "deployed", "--json", "--show-secret"]))
      expect(first.stdout).toContain(String(authKey))
      expect(first.stdout).toMatch(/curl -X POST http:\/\/127\.0\.0\.1:\d+\/invoke -H "Authorization: Bearer /)
      expect(first.stdout).toContain("deployers invoke deployed --city string")
      expect(first.stderr).toContain("the new version was started")
      expect(first.stderr).toContain("done")
      expect(first.stderr).not.toContain(String(authKey))
      const second = yield* deploy("deployed", "--json")
      expect(json(second)).toMatchObject({ name: "deployed", status: "running", generation: 2, authEnabled: true })
      expect(second.stdout + second.stderr).not.toContain(String(authKey))
    })
  )

  it.effect("a deployment has exactly the documented fields", () =>
    Effect.gen(function* () {
      const said = yield* deploy("fields", "--json")
      expect(Object.keys(json(said))).toEqual([
        "id",
        "name",
        "status",
        "url",
        "generation",
        "deployer",
        "snapshot",
        "metadata",
        "authEnabled",
        "authKey",
        "createdAt",
        "updatedAt",
        "changed"
      ])
      const listed = json(yield* cli(["list", "--json"]))
      expect(Object.keys(listed)).toEqual(["deployments"])
      expect(JSON.stringify(listed)).not.toContain("authKey")
      const stopped = json(yield* cli(["deprovision", "fields", "--json"]))
      expect(stopped).toMatchObject({ status: "absent", url: null })
    })
  )

  it.effect("list shows as many deployments as asked for, and says when there are more", () =>
    Effect.gen(function* () {
      for (const name of ["page-a", "page-b", "page-c"]) yield* deploy(name)
      const first = yield* cli(["list", "--limit", "2"])
      expect(first.stdout.trimEnd().split("\n")).toHaveLength(3)
      expect(first.stderr).toContain("There are more than 2 deployments; --limit N or --all shows more of them.")
      const all = yield* cli(["list", "--all"])
      expect(all.stderr).toBe("")
      for (const name of ["page-a", "page-b", "page-c"]) expect(all.stdout).toContain(name)
      expect(json(yield* cli(["list", "--json", "--limit", "1"])).deployments).toHaveLength(1)
      expect((yield* cli(["list", "--limit", "0"])).exitCode).toBe(2)
    })
  )

  it.effect("deploy passes its settings on", () =>
    Effect.gen(function* () {
      yield* cli(["secret", "set", "TOKEN"], { input: { text: "long-enough-value\n" } })
      const options = [
        "--env",
        "A=b=c",
        "--secret=TOKEN",
        "--auth",
        "secret:TOKEN",
        "--timeout",
        "2m",
        "--keep-runs",
        "1000",
        "--workers",
        "3"
      ]
      const said = yield* deploy("set", ...options)
      expect(said.exitCode).toBe(0)
      expect(said.stdout + said.stderr).not.toContain("long-enough-value")
      const deployer = yield* Deployer
      const [revision] = yield* deployer.revisions("set")
      expect(revision?.settings).toMatchObject({
        environment: { A: "b=c" },
        secrets: ["TOKEN"],
        auth: { _tag: "secret", name: "TOKEN" },
        timeoutMillis: 120_000,
        serving: { workers: 3, keepRuns: 1_000 }
      })
      expect(json(yield* cli(["describe", "set", "--json"]))).toMatchObject({ workers: 3 })
      expect((yield* cli(["describe", "set"])).stdout).toMatch(/workers +3/)
    })
  )

  it.effect("every setting is an option of deploy under its own name", () =>
    Effect.gen(function* () {
      const options = [
        ["--max-body-bytes", "2m"],
        ["--drain-timeout", "45s"],
        ["--request-timeout-millis", "1500"],
        ["--no-compression"],
        ["--recovery", "resume"],
        ["--allowed-hosts", "a.example.com"],
        ["--allowed-hosts=*.b.example.com"],
        ["--disabled-endpoints", "docs"],
        ["--cors", '{"origins":["https://app.example.com"]}'],
        ["--invoke-url-path", "/call"],
        ["--max-restarts", "2"],
        ["--stop-grace", "1m"]
      ].flat()
      expect(yield* deploy("flags", ...options)).toMatchObject({ exitCode: 0 })
      const deployer = yield* Deployer
      const [revision] = yield* deployer.revisions("flags")
      expect(revision?.settings).toMatchObject({
        stopGraceMillis: 60_000,
        recovery: { maxRestarts: 2 },
        serving: {
          maxBodyBytes: 2_097_152,
          drainTimeoutMillis: 45_000,
          requestTimeoutMillis: 1_500,
          compression: false,
          recovery: "resume",
          allowedHosts: ["a.example.com", "*.b.example.com"],
          disabledEndpoints: ["docs"],
          cors: { origins: ["https://app.example.com"] },
          invokeUrlPath: "/call"
        }
      })
    })
  )

  it.effect.each([
    [["--max-body-bytes", "many"], 2, "Give --max-body-bytes a size"],
    [["--max-queue", "-1"], 2, "Give --max-queue a whole number"],
    [["--drain-timeout", "soon"], 2, "a duration such as"],
    [["--cors", "{"], 2, "Give --cors JSON"],
    [["--cors", '{"origins":["https://a.example"],"origins":["*"]}'], 2, "The value of --cors is one that JavaScript"],
    [["--about", '{"title":"\\ud800"}'], 2, "The value of --about is one that JavaScript would change"],
    [["--allowed-hosts", ""], 1, "allowedHosts"],
    [["--recording", "disk"], 2, "Give --recording one of durable, relaxed, none."],
    [["--allowed-hosts", "http://a"], 1, "allowedHosts"],
    [["--cors", '{"origins":[]}'], 1, "cors.origins"]
  ] as const)("deploy names a setting that does not fit: %j", ([options, exitCode, hint]) =>
    Effect.gen(function* () {
      const said = yield* deploy("wrong-flags", ...options)
      expect(said).toMatchObject({ exitCode })
      expect(said.stderr).toContain(hint)
    })
  )

  it.effect("the help of deploy lists the settings after the other options, and by one word in the usage", () =>
    Effect.gen(function* () {
      const { stdout } = yield* cli(["deploy", "--help"])
      const [usage = "", settings = ""] = [/USAGE\n.*/.exec(stdout)?.[0], stdout.split("SETTINGS\n")[1]]
      expect(usage).toContain("[--json] [SETTINGS] <file")
      expect(usage).not.toContain("--max-body-bytes")
      expect(settings).toContain("  --max-body-bytes size\n    The largest request body; default 1m.")
      expect(settings).toContain("  --drain-timeout duration\n")
      expect(settings).not.toContain("--json")
    })
  )

  it.effect("a redeploy keeps the settings that it does not give anew; --unset and --reset remove them", () =>
    Effect.gen(function* () {
      yield* cli(["secret", "set", "DOOR"], { input: { text: "long-enough-value\n" } })
      yield* deploy("stays", "--auth", "secret:DOOR", "--env", "A=1", "--port", "8099")
      const deployer = yield* Deployer
      const settings = Effect.map(deployer.revisions("stays"), ([newest]) => newest?.settings ?? {})
      const first = yield* settings
      expect(first).toMatchObject({ auth: { _tag: "secret", name: "DOOR" }, environment: { A: "1" }, port: 8_099 })
      expect(json(yield* deploy("stays", "--json"))).toMatchObject({ changed: false })
      expect(yield* settings).toEqual(first)
      const plan = yield* deploy("stays", "--env", "B=2", "--unset", "port", "--plan")
      expect(plan.stdout).toMatch(/environment\.B: null -> "2"/)
      expect(plan.stdout).toMatch(/port: 8099 -> null/)
      expect(plan.stdout).toMatch(/environment\.A: "1" stays/)
      expect(yield* settings).toEqual(first)
      const changed = yield* deploy("stays", "--env", "B=2", "--unset", "port", "--unset", "A", "--json")
      expect(json(changed)).toMatchObject({ changed: true })
      expect(yield* settings).toMatchObject({ environment: { B: "2" }, auth: { _tag: "secret" } })
      expect(yield* settings).not.toHaveProperty("port")
      const same = yield* deploy("stays")
      expect(same.stdout).toContain("Nothing has changed")
      const wrong = yield* deploy("stays", "--unset", "prot")
      expect(wrong.exitCode).toBe(1)
      expect(wrong.stderr).toContain('"prot" is no setting of this deployer')
      yield* deploy("stays", "--reset", "--env", "C=3")
      expect(yield* settings).toMatchObject({ environment: { C: "3" }, auth: { _tag: "generate" } })
    })
  )

  it.effect("deploy keeps every byte of a variable, and --env overrides --env-file", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${folder}/.env`, 'export A=file\nPEM="l1\nl2\n"\nEMPTY=\nB=$A # not expanded\n')
      yield* fs.writeFileString(`${folder}/more.env`, "\ufeffA=more\r\nC='  '\r\n")
      const values = { NL: "abc\n", SP: "x  ", BLANK: "  ", NONE: "", LONG: `${"x".repeat(100_000)}\t`, PAIR: "a=b=" }
      const flags = Object.entries(values).flatMap(([name, value]) => ["--env", `${name}=${value}`])
      const files = ["--env-file", `${folder}/.env`, `--env-file=${folder}/more.env`]
      const said = yield* deploy("bytes", ...files, ...flags, "--env", "C= given \n")
      expect([said.exitCode, said.stderr]).toEqual([0, expect.stringContaining("done")])
      const [revision] = yield* Effect.flatMap(Deployer, (deployer) => deployer.revisions("bytes"))
      expect(revision?.settings["environment"]).toEqual({
        ...values,
        A: "more",
        PEM: "l1\nl2\n",
        EMPTY: "",
        B: "$A",
        C: " given \n"
      })
      yield* fs.writeFile(`${folder}/binary`, Uint8Array.of(65, 61, 255))
      for (const [file, reason] of [
        ["missing", "cannot be read"],
        ["binary", "is not UTF-8 text"]
      ] as const) {
        const refused = yield* deploy("bytes", "--env-file", `${folder}/${file}`)
        expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining(reason)])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("secret set keeps every byte; a key from a secret needs no trimming by its owner", () =>
    Effect.gen(function* () {
      const secrets = yield* SecretStore
      for (const text of ["l1\nl2\n", "  x  ", "\ufeffx", "x\r\n"]) {
        const said = yield* cli(["secret", "set", "PEM"], { input: { text } })
        expect(said.exitCode).toBe(0)
        expect(said.stderr.includes("ends with a line end")).toBe(text.endsWith("\n"))
        expect(Option.map(yield* secrets.get("PEM"), Redacted.value)).toEqual(Option.some(text))
      }
      yield* cli(["secret", "set", "DOOR"], { input: { text: "long-enough-key\n" } })
      expect((yield* deploy("keyed", "--auth", "secret:DOOR")).exitCode).toBe(0)
      const key = yield* Effect.flatMap(Deployer, (deployer) => deployer.authKey("keyed"))
      expect(key && Redacted.value(key)).toBe("long-enough-key")
    })
  )

  it.effect("standard input that is not UTF-8 is refused", () =>
    Effect.gen(function* () {
      const stdin = async function* () {
        yield Uint8Array.of(65, 255, 254, 10)
      }
      const input = yield* Effect.provide(Input.Input, Input.layerStream({ stdin: stdin(), isInteractive: false }))
      expect(yield* Effect.flip(input.text)).toMatchObject({
        _tag: "UsageError",
        hint: expect.stringContaining("base64")
      })
    })
  )

  it.effect("deploy --no-replace refuses an existing name, --plan changes nothing", () =>
    Effect.gen(function* () {
      const plan = yield* deploy("planned", "--plan", "--json")
      expect(json(plan)).toMatchObject({ action: "create", generation: 1 })
      expect((yield* cli(["describe", "planned"])).exitCode).toBe(1)
      yield* deploy("planned")
      const refused = yield* deploy("planned", "--no-replace", "--json")
      expect(refused.exitCode).toBe(1)
      expect(json(refused)).toMatchObject({ _tag: "DeploymentAlreadyExists", name: "planned" })
      expect(refused.stderr).toContain("hint: Omit --no-replace to replace it.")
    })
  )

  it.effect("a failure is a sentence and a hint on stderr, with --json also JSON on stdout", () =>
    Effect.gen(function* () {
      const plain = yield* cli(["describe", "missing"])
      expect(plain).toEqual({
        exitCode: 1,
        stdout: "",
        stderr: 'error: There is no deployment "missing"; `deployers list` shows what there is. [ED1001]\n'
      })
      const asked = yield* cli(["describe", "--json", "missing"])
      expect(asked.exitCode).toBe(1)
      expect(json(asked)).toEqual({
        _tag: "DeploymentNotFound",
        code: "ED1001",
        message: 'There is no deployment "missing"; `deployers list` shows what there is.',
        ref: "missing"
      })
      expect(asked.stderr).not.toMatch(/\bat .*:\d+/)
    })
  )

  it.effect("text from outside cannot control the terminal", () =>
    Effect.gen(function* () {
      const said = yield* cli(["describe", "evil\u001b]0;owned\u0007\u009b"])
      expect(said.stderr).toContain("evil\\x1b]0;owned\\x07\\x9b")
    })
  )

  it.effect("invoke reads its options from the deployment's schema", () =>
    Effect.gen(function* () {
      yield* deploy("flags")
      const help = yield* cli(["invoke", "flags", "--help"])
      expect(help.exitCode).toBe(0)
      for (const flag of ["--city", "--unit C | F", "--days", "--no-verbose", "--tags json", "--param.json"]) {
        expect(help.stdout).toContain(flag)
      }
      const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["--unit", "K"], "Give --unit one of C, F."],
        [["--unit", "K", "--days", "abc"], "Give --unit one of C, F.\nGive --days as a whole number.\n"],
        ...["1.5", "abc", "0x10", "NaN", "Infinity", ""].map(
          (days) => [["--days", days], "Give --days as a whole number."] as const
        ),
        ...["1e400", "9007199254740993"].map(
          (days) => [["--days", days], "The value of --days is one that JavaScript would change"] as const
        ),
        ...['["a\\ud800"]', '["a",{"b":1,"b":2}]', '[{"__proto__":{}}]', "[1e400]", "[9007199254740993]"].map(
          (tags) => [["--tags", tags], "The value of --tags is one that JavaScript would change"] as const
        ),
        [["--tags", "[NaN]"], "Give --tags as JSON: array."],
        [["--tags", '{"a":1}'], "Give --tags as JSON: array."],
        [["--citty", "Oslo"], "There is no option --citty of `invoke`. Did you mean --city?"],
        [["--city"], "The option --city needs a value."],
        [["--input", "/nowhere/at/all.json"], "The file /nowhere/at/all.json cannot be read."],
        [["--input", "-"], "is not a JSON object"]
      ]
      for (const [args, message] of wrong) {
        const said = yield* cli(["invoke", "flags", ...args], { input: { text: "[]" } })
        expect([said.exitCode, said.stderr]).toEqual([2, expect.stringContaining(message)])
      }
    })
  )

  it.effect("delete asks on a terminal, and without one needs --yes", () =>
    Effect.gen(function* () {
      yield* deploy("asked")
      const unasked = yield* cli(["delete", "asked"])
      expect(unasked.exitCode).toBe(2)
      expect(unasked.stderr).toContain("--yes")
      const refused = yield* cli(["delete", "asked"], { input: { isInteractive: true, confirm: false } })
      expect(refused.exitCode).toBe(0)
      expect((yield* cli(["describe", "asked"])).exitCode).toBe(0)
      expect((yield* cli(["delete", "asked"], { input: { isInteractive: true, confirm: true } })).exitCode).toBe(0)
      expect((yield* cli(["describe", "asked"])).exitCode).toBe(1)
      expect(json(yield* cli(["delete", "asked", "--yes", "--json"]))).toEqual({ deleted: "asked" })
    })
  )

  it.effect("logs takes --tail, --since and --json", () =>
    Effect.gen(function* () {
      yield* deploy("logged")
      expect((yield* cli(["logs", "logged"])).stdout).toContain("serving generation 1")
      expect(json(yield* cli(["logs", "logged", "--tail", "1", "--json"]))).toMatchObject({
        lines: [{ text: "serving generation 1" }]
      })
      const wrong = yield* cli(["logs", "logged", "--since", "yesterday"])
      expect(wrong.exitCode).toBe(2)
      expect((yield* cli(["logs", "logged", "--since", "10m"])).exitCode).toBe(0)
    })
  )

  it.effect("pause, maintenance and resume print the deployment, and list and describe show them", () =>
    Effect.gen(function* () {
      yield* deploy("shut")
      expect(json(yield* cli(["pause", "shut", "--for", "2m", "--json"]))).toMatchObject({
        generation: 1,
        intake: { _tag: "Paused", since: "1970-01-01T00:00:00.000Z", until: "1970-01-01T00:02:00.000Z" }
      })
      expect((yield* cli(["list"])).stdout).toMatch(/shut +running, paused/)
      const closed = yield* cli(["maintenance", "shut", "--message", "Back at 14:00.", "--retry-after", "600s"])
      expect(closed.stdout).toContain('maintenance: new runs are refused with "Back at 14:00."')
      expect(json(yield* cli(["describe", "shut", "--json"]))).toMatchObject({
        intake: { _tag: "Maintenance", message: "Back at 14:00.", retryAfterSeconds: 600 }
      })
      const again = yield* cli(["provision", "shut", "--json"])
      expect(again.stderr).toContain("it is in maintenance and refuses new runs until `deployers resume shut`")
      expect(json(again)).toMatchObject({ generation: 2, intake: { _tag: "Maintenance" } })
      expect(json(yield* cli(["resume", "shut", "--json"]))).not.toHaveProperty("intake")
      const long = yield* cli(["pause", "shut", "--for", "6m", "--json"])
      expect(long.exitCode).toBe(1)
      expect(json(long)).toMatchObject({ _tag: "DeploymentInvalidSettings" })
      expect((yield* cli(["pause", "shut", "--for", "soon"])).exitCode).toBe(2)
    })
  )

  it.effect("lifecycle commands print the deployment", () =>
    Effect.gen(function* () {
      yield* deploy("cycle")
      expect(json(yield* cli(["refresh", "cycle", "--json"]))).toMatchObject({ status: "running" })
      expect(json(yield* cli(["deprovision", "cycle", "--json"]))).toMatchObject({ status: "absent" })
      expect(json(yield* cli(["provision", "cycle", "--json"]))).toMatchObject({ status: "running", generation: 2 })
      expect(json(yield* cli(["rollback", "cycle", "--json"]))).toMatchObject({ status: "running", generation: 3 })
      expect(json(yield* cli(["revisions", "cycle", "--json"]))).toMatchObject({
        revisions: [{ generation: 3 }, { generation: 2 }, { generation: 1 }]
      })
      const events = json(yield* cli(["events", "cycle", "--json"]))["events"] as ReadonlyArray<{
        readonly type: string
      }>
      expect(events.map(({ type }) => type)).toContain("generation_committed")
      expect((yield* cli(["reconcile", "--json"])).exitCode).toBe(0)
    })
  )

  it.effect("secrets are listed by name and never shown", () =>
    Effect.gen(function* () {
      const set = yield* cli(["secret", "set", "API_KEY"], { input: { text: "s3cr3t-value" } })
      const listed = yield* cli(["secret", "list", "--json"])
      expect(listed.stdout).toContain("API_KEY")
      expect([set, listed].map(({ stderr, stdout }) => stdout + stderr).join()).not.toContain("s3cr3t-value")
      expect((yield* cli(["secret", "set", "API_KEY"], { input: { text: "\n" } })).exitCode).toBe(2)
      expect((yield* cli(["secret", "set", "NOT-A-NAME"], { input: { text: "x" } })).exitCode).toBe(2)
      expect((yield* cli(["secret", "set", "API_KEY", "s3cr3t-value"])).exitCode).toBe(2)
      expect((yield* cli(["secret", "delete", "API_KEY"])).exitCode).toBe(0)
      expect((yield* cli(["secret", "delete", "API_KEY"])).exitCode).toBe(1)
    })
  )

  it.effect("snapshots and pipeline files are shown", () =>
    Effect.gen(function* () {
      expect(json(yield* cli(["snapshot", "create", "weather.ts", "--json"]))).toMatchObject({
        pipelineName: "weather"
      })
      expect((yield* cli(["snapshot", "list"])).stdout).toContain("weather@1")
      expect(json(yield* cli(["snapshot", "describe", "weather@1", "--json"]))).toMatchObject({
        spec: { name: "weather" }
      })
      expect((yield* cli(["snapshot", "describe", "weather@99"])).exitCode).toBe(1)
      const inspected = json(yield* cli(["pipeline", "inspect", "weather.ts", "--json"]))
      expect(inspected).toMatchObject({ export: "weather", example: { city: "string" } })
    })
  )

  it.effect("doctor prints a remedy and fails when a check fails", () =>
    Effect.gen(function* () {
      const said = yield* cli(["doctor"])
      expect(said.exitCode).toBe(1)
      expect(said.stdout).toContain("chmod 600 key")
      expect(json(yield* cli(["doctor", "--json"]))).toMatchObject({ healthy: false, checks: [{ status: "ok" }, {}] })
    })
  )
})

describe("usage", () => {
  const usage = (argv: ReadonlyArray<string>) => cli(argv).pipe(Effect.provide(Layer.merge(World, NodeContext.layer)))

  it.effect("wrong usage is exit code 2 with a pointer to --help", () =>
    Effect.gen(function* () {
      const lines: ReadonlyArray<ReadonlyArray<string>> = [
        ["lst"],
        ["list", "--jsno"],
        ["list", "extra"],
        ["list", "--status", "happy"],
        ["deploy"],
        ["deploy", "f.ts", "--name"],
        ["deploy", "f.ts", "--name", "x", "--env", "novalue"],
        ["deploy", "f.ts", "--name", "x", "--auth", "maybe"],
        ["deploy", "f.ts", "--name", "x", "--timeout", "soon"],
        ["deploy", "f.ts", "--name", "x", "--port", "70000"],
        ["deploy", "f.ts", "--name", "x", "--workers", "0"],
        ["describe"],
        ["secret"],
        ["secret", "show"],
        ["list", "--log-level", "loud"]
      ]
      for (const argv of lines) {
        const said = yield* usage(argv)
        expect([argv, said.exitCode, said.stdout]).toEqual([argv, 2, ""])
        expect(said.stderr).toMatch(/^error: .+\nhint: /)
      }
      const asked = yield* usage(["lst", "--json"])
      expect(json(asked)).toMatchObject({ _tag: "UsageError" })
    })
  )

  it.effect("options may stand before the command, after it and after arguments", () =>
    Effect.gen(function* () {
      for (const argv of [
        ["--json", "list"],
        ["list", "--json"],
        ["list", "--json=true"]
      ]) {
        expect(json(yield* usage(argv))).toEqual({ deployments: [] })
      }
      expect((yield* usage(["list", "--json=false"])).stdout).toContain("There are no deployments")
    })
  )

  it.effect("help and wrong usage build no service", () =>
    Effect.gen(function* () {
      const captured = Output.capture()
      const layers = { services: Untouched, doctor: Untouched }
      const codes = yield* Effect.forEach([["--help"], [], ["deploy", "--help"], ["--version"], ["lst"]], (argv) =>
        runWith(argv, layers)
      ).pipe(Effect.provide(Layer.mergeAll(captured.layer, Input.layerTest({}), NodeContext.layer)))
      expect(codes).toEqual([0, 0, 0, 0, 2])
      expect(yield* captured.stdout).toContain("secret set")
      expect(yield* captured.stdout).toContain("--no-replace")
    })
  )

  it.effect("a registry that does not open is a failure of the command", () =>
    Effect.gen(function* () {
      const captured = Output.capture()
      const error = new StoreError({ store: "registry", operation: "open", reason: "newerSchema", path: "/r.db" })
      const exitCode = yield* runWith(["list", "--json"], { services: Layer.fail(error), doctor: Untouched }).pipe(
        Effect.provide(Layer.mergeAll(captured.layer, Input.layerTest({}), NodeContext.layer))
      )
      expect(exitCode).toBe(1)
      expect(JSON.parse(yield* captured.stdout)).toMatchObject({ _tag: "StoreError", reason: "newerSchema" })
      expect(yield* captured.stderr).toContain("hint: `deployers doctor`")
    })
  )

  it.effect("an interrupted change reports which version serves", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const deployer = yield* Deployer
      const slow = Layer.succeed(Deployer, {
        ...deployer,
        authKeys: () => Effect.succeed([]),
        reprovision: () => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
      })
      const captured = Output.capture()
      const fiber = yield* run(["provision", "weather"]).pipe(
        Effect.provide(Layer.mergeAll(slow, captured.layer, Input.layerTest({}))),
        Effect.fork
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      expect(yield* captured.stderr).toContain("Interrupted. The version that served before still serves")
    }).pipe(Effect.provide(World))
  )
})
