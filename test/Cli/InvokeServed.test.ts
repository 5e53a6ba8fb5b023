// `invoke` with the options of a pipeline's own schema: files, and the pipelines of a group.
import { FileSystem } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Input, Output, Pipeline } from "effect-deployers"
import { cli, json, type Said, worldWith } from "./support.js"

const page = Input.file({ maxBytes: 100, contentTypes: ["text/*"], description: "one page" })

const scan = Pipeline.make("scan", {
  input: Schema.Struct({
    page,
    more: Schema.optional(Schema.Array(Input.file({ maxBytes: 100 }))),
    copies: Schema.optionalWith(Schema.Int, { default: () => 1 })
  }),
  output: Schema.Array(Schema.String),
  run: ({ copies, more = [], page }) =>
    Effect.map(
      Effect.forEach([page, ...more], ({ bytes, contentType, name }) =>
        Effect.map(bytes, (all) => `${name} ${contentType} ${new TextDecoder().decode(all)} ${copies}`)
      ),
      (lines) => lines
    )
})

const count = Pipeline.stream("count", {
  input: Schema.Struct({ to: Schema.Int }),
  output: Schema.Int,
  run: ({ to }) => Stream.range(1, to)
})

const stamp = Pipeline.make("stamp", {
  input: Schema.Struct({ text: Schema.String }),
  output: Output.bytes({ contentType: "image/png", name: "stamp.png" }),
  run: ({ text }) => Effect.succeed(new TextEncoder().encode(`\u0000${text}`))
})

const folder = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped()
  yield* fs.writeFileString(`${root}/a.txt`, "first")
  yield* fs.writeFileString(`${root}/b.csv`, "second")
  yield* fs.writeFileString(`${root}/large.txt`, "x".repeat(101))
  return root
})

const deploy = (name: string) => cli(["deploy", "weather.ts", "--name", name])

const values = (said: Said) => {
  assert.strictEqual(said.exitCode, 0, said.stderr)
  return JSON.parse(said.stdout) as unknown
}

describe("files as options", () => {
  it.scopedLive("are read from their paths, with or without @, and several times for a list", () =>
    Effect.gen(function* () {
      const root = yield* folder
      yield* deploy("scanner")
      const invoke = (...args: ReadonlyArray<string>) => cli(["invoke", "scanner", ...args])
      const both = yield* invoke("--page", `@${root}/a.txt`, "--more", `${root}/b.csv`, "--more", `@${root}/a.txt`)
      assert.deepStrictEqual(values(both), [
        "a.txt text/plain first 1",
        "b.csv text/csv second 1",
        "a.txt text/plain first 1"
      ])
      assert.deepStrictEqual(values(yield* invoke("--page", `${root}/b.csv`, "--copies", "2")), [
        "b.csv text/csv second 2"
      ])
      const help = yield* invoke("--help")
      assert.match(help.stdout, /--page file[\s\S]*one page/)
    }).pipe(Effect.provide(worldWith(scan)))
  )

  it.scopedLive("that cannot be read, or that the pipeline does not take, are faults with the name of the option", () =>
    Effect.gen(function* () {
      const root = yield* folder
      yield* deploy("scanner")
      const invoke = (...args: ReadonlyArray<string>) => cli(["invoke", "scanner", "--json", ...args])
      const missing = yield* invoke("--page", `${root}/none.txt`)
      assert.strictEqual(missing.exitCode, 2)
      assert.include(missing.stderr, `The file ${root}/none.txt of --page cannot be read`)
      const large = yield* invoke("--page", `${root}/large.txt`)
      assert.deepStrictEqual([large.exitCode, json(large)["_tag"]], [1, "PayloadTooLarge"])
      const none = yield* invoke("--copies", "1")
      assert.deepStrictEqual([none.exitCode, json(none)["_tag"]], [1, "DeploymentInvalidParameters"])
    }).pipe(Effect.provide(worldWith(scan)))
  )
})

describe("a pipeline of a group", () => {
  const office = Pipeline.group("office", [scan, count, stamp])

  it.scopedLive("is NAME/PIPELINE, with its own options, files, elements and bytes", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const fs = yield* FileSystem.FileSystem
      yield* deploy("office")
      const scanned = yield* cli(["invoke", "office/scan", "--page", `${root}/a.txt`])
      assert.deepStrictEqual(values(scanned), ["a.txt text/plain first 1"])
      assert.deepStrictEqual(values(yield* cli(["invoke", "office/count", "--to", "2"])), [1, 2])
      const streamed = yield* cli(["invoke", "office/count", "--to", "3", "--stream"])
      assert.deepStrictEqual([streamed.exitCode, streamed.stdout], [0, "1\n2\n3\n"])
      const inJson = json(yield* cli(["invoke", "office/count", "--to", "2", "--stream", "--json"]))
      assert.deepStrictEqual(inJson["outputs"], [1, 2])
      assert.deepInclude(inJson["metadata"], {
        deploymentName: "office",
        pipelineName: "count",
        parametersUsed: { to: 2 }
      })
      const file = `${root}/stamp.png`
      for (const more of [[], ["--stream"], ["--skip-artifacts"]]) {
        const args = ["invoke", "office/stamp", "--text", `s${more.join()}`, "--output", file, ...more]
        assert.deepStrictEqual(
          [(yield* cli(args)).exitCode, yield* fs.readFileString(file)],
          [0, `\u0000s${more.join()}`]
        )
      }
      const accepted = json(yield* cli(["invoke", "office/stamp", "--text", "late", "--async", "--json"]))
      const id = String(accepted["runId"])
      yield* Effect.repeat(cli(["run", "describe", id, "--deployment", "office", "--json"]), {
        until: (said) => json(said)["status"] === "succeeded"
      })
      const written = yield* cli(["run", "output", id, "--deployment", "office", "--output", file])
      assert.deepStrictEqual([written.exitCode, yield* fs.readFileString(file)], [0, "\u0000late"])
      const help = yield* cli(["invoke", "office/count", "--help"])
      assert.include(help.stdout, "--to")
      assert.notInclude(help.stdout, "--page")
    }).pipe(Effect.provide(worldWith(office)))
  )

  it.scopedLive("that is not there, or not named, is a fault that says so", () =>
    Effect.gen(function* () {
      yield* deploy("office")
      const unknown = yield* cli(["invoke", "office/none", "--text", "a"])
      assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [2, ""])
      assert.include(unknown.stderr, 'The deployment "office" has no pipeline "none".')
      assert.include(unknown.stderr, "Use one of office/scan, office/count, office/stamp.")
      const whole = yield* cli(["invoke", "office", "--input", "-"], {
        input: { text: '{"pipeline":"count","parameters":{"to":1}}' }
      })
      assert.deepStrictEqual(values(whole), [1])
      const bare = yield* cli(["invoke", "office", "--json"])
      assert.deepStrictEqual([bare.exitCode, json(bare)["_tag"]], [1, "DeploymentInvalidParameters"])
    }).pipe(Effect.provide(worldWith(office)))
  )
})
