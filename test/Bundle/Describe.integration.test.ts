import { FileSystem } from "@effect/platform"
import { expect, layer } from "@effect/vitest"
import { Effect, Fiber, Schedule, TestClock, TestServices } from "effect"
import { Bundle, Snapshot } from "effect-deployers"
import { weather } from "../../examples/weather.js"
import * as Workspace from "./Workspace.js"

const { imports, pipeline } = Workspace

const describeFile = (file: string, name?: string) =>
  Effect.gen(function* () {
    const bundler = yield* Bundle.Bundler
    return yield* bundler.describe(yield* bundler.bundle({ file, export: name }))
  })

const describeModule = (code: string, name?: string) =>
  Effect.gen(function* () {
    const file = yield* Workspace.write({ "module.ts": code })
    return yield* Effect.mapError(describeFile(file, name), (error) => ({
      tag: error._tag,
      message: error.message.replaceAll(file, "FILE")
    }))
  })

layer(Workspace.layer)("Bundler.describe", (it) => {
  it.scoped("reads the same spec from the bundle as from the pipeline itself", () =>
    Effect.gen(function* () {
      const described = yield* describeFile("examples/weather.ts", "weather")
      expect(described.export).toBe("weather")
      expect(described.spec).toStrictEqual(yield* Snapshot.compile(weather))
    })
  )

  it.scoped("reads the iris example, data set and model included", () =>
    Effect.gen(function* () {
      const { spec } = yield* describeFile("examples/iris.ts")
      expect(spec.name).toBe("iris")
      expect(JSON.stringify(spec.input)).toContain("Width of the petal in centimetres.")
    })
  )

  it.scoped("finds the only pipeline of a module, and the one that is named", () =>
    Effect.gen(function* () {
      const one = yield* describeModule(`${imports}export const other = 1\n${pipeline("greet")}`)
      expect(one.export).toBe("greet")
      const two = `${imports}${pipeline("greet")}${pipeline("part")}`
      expect((yield* describeModule(two, "part")).export).toBe("part")
      expect(yield* Effect.flip(describeModule(two))).toStrictEqual({
        tag: "PipelineExportNotFound",
        message: "FILE does not say which pipeline to deploy: its pipelines are greet, part; choose one as FILE#greet."
      })
    })
  )

  it.scoped("says what is wrong with an export", () =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(describeModule(Workspace.greeting, "weather"))).toStrictEqual({
        tag: "PipelineExportNotFound",
        message: 'FILE has no export "weather": its pipelines are greet; choose one as FILE#greet.'
      })
      expect(yield* Effect.flip(describeModule("export const a = 1"))).toStrictEqual({
        tag: "PipelineExportNotFound",
        message:
          "FILE does not say which pipeline to deploy: it exports no pipeline; export the value of Pipeline.make."
      })
      const invalid = yield* Effect.flip(describeModule(`${Workspace.greeting}export const a = 1`, "a"))
      expect(invalid.tag).toBe("PipelineExportInvalid")
      expect(invalid.message).toMatch(
        /^The export "a" of FILE is .*number.*, not a pipeline; export the value of Pipeline\.make\.$/
      )
    })
  )

  it.scoped("names the field of a schema that has no JSON form", () =>
    Effect.gen(function* () {
      const code = Workspace.greeting.replace(
        "name: Schema.String",
        "who: Schema.Struct({ id: Schema.SymbolFromSelf })"
      )
      expect(yield* Effect.flip(describeModule(code))).toStrictEqual({
        tag: "PipelineSchemaUnsupported",
        message:
          'The field "who.id" of the input schema of pipeline "greet" has no JSON form: symbol is not JSON. Use a schema whose encoded side is JSON.'
      })
    })
  )

  it.scoped("shows why and where a module does not load", () =>
    Effect.gen(function* () {
      const thrown = yield* Effect.flip(describeModule(`${Workspace.greeting}\nthrow new Error("no weather today")`))
      expect(thrown.tag).toBe("PipelineLoadFailed")
      expect(thrown.message).toMatch(/^FILE failed while it was loaded: /)
      expect(thrown.message).toContain("Error: no weather today")
      expect(thrown.message).toContain("at <anonymous> (FILE:")
      expect(thrown.message.split("\n").every((line) => line.length <= 500)).toBe(true)

      expect(yield* Effect.flip(describeModule(`${Workspace.greeting}\nprocess.exit(3)`))).toStrictEqual({
        tag: "PipelineLoadFailed",
        message: "FILE failed while it was loaded: its process ended with exit code 3"
      })
    })
  )

  it.scoped("is not confused by what a module prints", () =>
    Effect.gen(function* () {
      const { export: name } = yield* describeModule(`
        console.log('{"_tag":"Described"}'); console.log("{"); console.log("no newline at the end")
        console.error("noise")
        ${Workspace.greeting}
        process.stdout.write("half a line\\n")
        process.on("exit", () => console.log('{"_tag":"PipelineExportNotFound"}'))
      `)
      expect(name).toBe("greet")
    })
  )

  it.scoped("gives the module a clean environment", () =>
    Effect.gen(function* () {
      expect(process.env["VITEST"]).toBe("true")
      const { export: name } = yield* describeModule(
        `${Workspace.greeting}\nif (process.env.VITEST !== undefined) throw new Error("leaked")`
      )
      expect(name).toBe("greet")
    })
  )

  it.scoped("ends a module that never finishes loading, even one that will not stop", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* Workspace.write({ "module.ts": "" })
      const pidFile = `${file}.pid`
      yield* fs.writeFileString(
        file,
        `import { writeFileSync } from "node:fs"
        ${Workspace.greeting}
        process.on("SIGTERM", () => {})
        setInterval(() => {}, 1000)
        writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))
        await new Promise(() => {})`
      )
      const fiber = yield* Effect.fork(Effect.flip(describeFile(file)))
      const pid = yield* fs.readFileString(pidFile).pipe(
        Effect.filterOrFail((text) => text !== ""),
        Effect.retry(Schedule.spaced("20 millis")),
        TestServices.provideLive
      )
      yield* TestClock.adjust("30 seconds")
      const error = yield* Fiber.join(fiber)
      expect(error._tag).toBe("PipelineLoadFailed")
      expect(error.message).toContain("did not finish loading within 30s; move slow work into a layer")
      expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH")
    })
  )
})
