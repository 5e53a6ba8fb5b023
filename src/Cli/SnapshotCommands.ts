/** `deployers snapshot` and `deployers pipeline inspect`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Bundle from "../Bundle.js"
import * as Client from "../Client.js"
import { SnapshotNotFound } from "../Errors/Lifecycle.js"
import * as Snapshot from "../Snapshot.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { json, print } from "./Common.js"
import * as Json from "./Json.js"
import * as Render from "./Render.js"
import { remove } from "./SnapshotDelete.js"

const file = Args.text({ name: "file[#export]" }).pipe(
  Args.withDescription("The module that exports the pipeline, and which export if there are several.")
)

const create = Command.make("create", { file, json }, ({ file, json }) =>
  Effect.gen(function* () {
    const snapshot = yield* Snapshot.fromFile(file)
    yield* print(json, Json.snapshot(snapshot), (hasColor) => render(hasColor, snapshot))
  })
).pipe(Command.withDescription("Compile a pipeline into its next snapshot; the same content is kept once."))

const list = Command.make(
  "list",
  {
    pipeline: Options.text("pipeline").pipe(
      Options.withDescription("Only snapshots of this pipeline."),
      Options.optional
    ),
    json
  },
  ({ json, pipeline }) =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore
      const snapshots = yield* store.list({ pipelineName: Option.getOrUndefined(pipeline) })
      yield* print(json, { snapshots: snapshots.map(Json.snapshotSummary) }, (hasColor) =>
        snapshots.length === 0
          ? "There are no snapshots; `deployers snapshot create FILE` makes one."
          : Render.table(
              hasColor,
              ["SNAPSHOT", "ID", "CREATED", "SOURCE"],
              snapshots.map((one) => [
                one.label,
                one.id,
                Render.time(one.createdAt),
                `${one.source.file}#${one.source.export}`
              ])
            )
      )
    })
).pipe(Command.withDescription("List snapshots, newest first."))

const describe = Command.make(
  "describe",
  {
    ref: Args.text({ name: "snapshot" }).pipe(Args.withDescription("An id, name@version, or a pipeline name.")),
    json
  },
  ({ json, ref }) =>
    Effect.gen(function* () {
      const found = yield* Effect.flatMap(SnapshotStore, (store) => store.find(ref))
      if (Option.isNone(found)) return yield* new SnapshotNotFound({ ref })
      const { spec } = found.value
      yield* print(json, Json.snapshot(found.value), (hasColor) =>
        [
          render(hasColor, found.value),
          "",
          "input schema",
          Render.json(spec.input),
          "output schema",
          Render.json(spec.output)
        ].join("\n")
      )
    })
).pipe(Command.withDescription("Show a snapshot with its schemas."))

export const snapshot = Command.make("snapshot").pipe(
  Command.withDescription("Compile pipelines, look at what was compiled, delete what nobody needs."),
  Command.withSubcommands([create, list, describe, remove])
)

const inspect = Command.make("inspect", { file, json }, ({ file, json }) =>
  Effect.gen(function* () {
    const bundler = yield* Bundle.Bundler
    const bundle = yield* bundler.bundle(Bundle.parseSource(file))
    const described = yield* bundler.describe(bundle)
    const { spec } = described
    const example = Client.exampleOf(spec.input)
    const value = {
      export: described.export,
      spec: { ...spec },
      example,
      bundle: { digest: bundle.digest, externals: bundle.externals }
    }
    yield* print(json, value, (hasColor) =>
      [
        Render.fields(hasColor, [
          ["pipeline", spec.name],
          ["description", spec.description],
          ["export", described.export],
          ["bundle", bundle.digest],
          ["example", Render.jsonLine(example)]
        ]),
        "",
        "input schema",
        Render.json(spec.input),
        "output schema",
        Render.json(spec.output)
      ].join("\n")
    )
  })
).pipe(Command.withDescription("Show what a pipeline file says, without deploying or storing it."))

export const pipeline = Command.make("pipeline").pipe(
  Command.withDescription("Look at pipeline files."),
  Command.withSubcommands([inspect])
)

// internal

const render = (hasColor: boolean, self: Snapshot.Snapshot): string =>
  Render.fields(hasColor, [
    ["snapshot", self.label],
    ["id", self.id],
    ["description", self.spec.description],
    ["source", `${self.source.file}#${self.source.export}`],
    ["bundle", self.bundle.digest],
    ["externals", self.bundle.externals.map(({ name, version }) => `${name}@${version}`).join(", ") || undefined],
    ["created", Render.time(self.createdAt)]
  ])
