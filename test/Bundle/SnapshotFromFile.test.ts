import { describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Ref } from "effect"
import { Bundle, Errors, Snapshot } from "effect-deployers"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"

const spec = new Snapshot.PipelineSpec({ name: "weather", input: {}, output: {}, serving: {} })
const externals = [{ name: "better-sqlite3", version: "1.2.3" }]

const BundlerTest = Layer.succeed(Bundle.Bundler, {
  bundle: (source) =>
    source.file === "gone.ts"
      ? Effect.fail(new Errors.PipelineFileNotFound({ file: source.file }))
      : Effect.succeed({ digest: "abc", directory: "/b/abc", main: "/b/abc/main.mjs", externals, source }),
  removeUnused: () => Effect.succeed(0),
  describe: ({ source }) =>
    source.export === "nothing"
      ? Effect.fail(new Errors.PipelineExportNotFound({ file: source.file, export: "nothing", pipelines: ["weather"] }))
      : Effect.succeed({ spec, export: source.export ?? "weather" })
})

const StoreTest = Layer.effect(
  SnapshotStore,
  Effect.map(Ref.make(0), (versions) => ({
    put: (draft: Snapshot.Draft) =>
      Effect.map(
        Ref.updateAndGet(versions, (version) => version + 1),
        (version) =>
          new Snapshot.Snapshot({ ...draft, id: `id-${version}`, version, createdAt: DateTime.unsafeMake(0) })
      ),
    find: () => Effect.succeedNone,
    recover: (snapshot: Snapshot.Snapshot) => Effect.succeed(snapshot),
    list: () => Effect.succeed([]),
    remove: () => Effect.succeed(true)
  }))
)

describe("Snapshot.fromFile", () => {
  const provided = Effect.provide(Layer.merge(BundlerTest, StoreTest))

  it.effect("stores spec, bundle, settings and where they came from", () =>
    Effect.gen(function* () {
      const snapshot = yield* Snapshot.fromFile("a/weather.ts#rain", { settings: { environment: { A: "1" } } })
      expect(snapshot.label).toBe("weather@1")
      expect(snapshot.bundle).toStrictEqual({ digest: "abc", externals })
      expect(snapshot.settings).toStrictEqual({ environment: { A: "1" } })
      expect(snapshot.source).toStrictEqual({ file: "a/weather.ts", export: "rain" })
    }).pipe(provided)
  )

  it.effect("takes the export that was found when none was named", () =>
    Effect.gen(function* () {
      const snapshot = yield* Snapshot.fromFile({ file: "a/weather.ts" })
      expect(snapshot.source.export).toBe("weather")
    }).pipe(provided)
  )

  it.effect("refuses settings that are not settings, naming each", () =>
    Effect.gen(function* () {
      const settings = JSON.parse('{"timeoutMillis":0,"serving":{"maxQueue":"many"},"tiemout":1}')
      const error = yield* Effect.flip(Snapshot.fromFile("a/weather.ts", { settings }))
      expect(error._tag).toBe("DeploymentInvalidSettings")
      expect(error.message).toContain("timeoutMillis: Expected")
      expect(error.message).toContain("serving.maxQueue: Expected")
      expect(error.message).toContain("tiemout: is unexpected")
    }).pipe(provided)
  )

  it.effect("passes on how bundling and describing fail, and stores nothing then", () =>
    Effect.gen(function* () {
      expect((yield* Effect.flip(Snapshot.fromFile("gone.ts")))._tag).toBe("PipelineFileNotFound")
      expect((yield* Effect.flip(Snapshot.fromFile("a.ts#nothing")))._tag).toBe("PipelineExportNotFound")
      expect((yield* Snapshot.fromFile("a.ts")).version).toBe(1)
    }).pipe(provided)
  )
})
