/** `deployers snapshot` and `deployers pipeline inspect`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Bundle from "../../Bundle.js"
import * as Client from "../../Client.js"
import { Deployer } from "../../Deployer.js"
import { SnapshotInUse, SnapshotNotFound } from "../../Errors/Lifecycle.js"
import * as Snapshot from "../../Snapshot.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import { pipelineFile as file, json, print, text } from "../Common.js"
import { UsageError } from "../Failure.js"
import { bundleFlags, bundlingOf } from "../Options/BundleFlags.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"

const create = Command.make(
  "create",
  { file, ...bundleFlags, json },
  Effect.fnUntraced(function* ({ file, json, ...flags }) {
    const snapshot = yield* Snapshot.fromFile(file, { bundling: bundlingOf(flags) })
    yield* print(json, Json.snapshot(snapshot), (hasColor) => render(hasColor, snapshot))
  })
).pipe(Command.withDescription("Compile a pipeline into its next snapshot; the same content is stored once."))

const list = Command.make(
  "list",
  {
    pipeline: text("pipeline", "Only snapshots of this pipeline."),
    json
  },
  Effect.fnUntraced(function* ({ json, pipeline }) {
    const store = yield* SnapshotStore
    const snapshots = yield* store.list({ pipelineName: Option.getOrUndefined(pipeline) })
    yield* print(json, { snapshots: snapshots.map(Json.snapshotSummary) }, (hasColor, columns) =>
      snapshots.length === 0
        ? "There are no snapshots; `deployers snapshot create FILE` creates one."
        : Table.draw(
            hasColor,
            ["SNAPSHOT", "ID", "CREATED", "SOURCE"],
            snapshots.map((one) => [
              one.label,
              one.id,
              Render.time(one.createdAt),
              `${one.source.file}#${one.source.export}`
            ]),
            { columns, giveWay: [] }
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
  Effect.fnUntraced(function* ({ json, ref }) {
    const found = yield* findSnapshot(ref)
    yield* print(json, Json.snapshot(found), (hasColor) => [render(hasColor, found), ...schemas(found.spec)].join("\n"))
  })
).pipe(Command.withDescription("Show a snapshot with its schemas."))

const remove = Command.make(
  "delete",
  { ref: Args.text({ name: "snapshot" }).pipe(Args.withDescription("An id, or name@version.")), json },
  Effect.fnUntraced(function* ({ json, ref }) {
    const store = yield* SnapshotStore
    const { id, label, pipelineName } = yield* findSnapshot(ref)
    if (ref === pipelineName) {
      return yield* new UsageError({
        message: `"${ref}" names a pipeline, not one snapshot.`,
        hint: `Name one snapshot, such as ${label}; \`deployers snapshot list --pipeline ${ref}\` shows them.`
      })
    }
    if (!(yield* store.remove(id))) return yield* new SnapshotInUse({ snapshot: label, uses: yield* usesOf(id) })
    yield* Effect.ignoreLogged(removeUnusedBundles)
    yield* print(json, { deleted: id, snapshot: label }, () => `Snapshot ${label} is deleted.`)
  })
).pipe(Command.withDescription("Delete a snapshot that no deployment uses."))

export const snapshot = Command.make("snapshot").pipe(
  Command.withDescription("Compile pipelines; list, show and delete snapshots."),
  Command.withSubcommands([create, list, describe, remove])
)

const inspect = Command.make(
  "inspect",
  { file, ...bundleFlags, json },
  Effect.fnUntraced(function* ({ file, json, ...flags }) {
    const bundler = yield* Bundle.Bundler
    const described = yield* Bundle.withPipelineSettings(bundler, Bundle.parseSource(file), bundlingOf(flags))
    const { bundle, spec } = described
    const items = bundle.contents?.items ?? []
    const warnings = bundle.warnings ?? []
    const example = Client.exampleOf(spec.input)
    const value = {
      export: described.export,
      spec: { ...spec },
      example,
      bundle: { digest: bundle.digest, externals: bundle.externals },
      files: items,
      warnings
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
        ...travelling(items),
        ...warnings.map(({ location, reason }) => `warning: ${location === undefined ? "" : `${location}: `}${reason}`),
        ...schemas(spec)
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription(
    "Show the name, the schemas and the bundle of a pipeline file, with the files that travel, and store nothing."
  )
)

export const pipeline = Command.make("pipeline").pipe(
  Command.withDescription("Show pipeline files."),
  Command.withSubcommands([inspect])
)

// internal

const findSnapshot = Effect.fnUntraced(function* (ref: string) {
  const found = yield* Effect.flatMap(SnapshotStore, (store) => store.find(ref))
  return Option.isSome(found) ? found.value : yield* new SnapshotNotFound({ ref })
})

/** The packages and own files that travel, largest first. */
const travelling = (items: ReadonlyArray<Bundle.Item>): ReadonlyArray<string> => {
  const groups = new Map<string, { files: number; bytes: number }>()
  for (const item of items) {
    if (item._tag === "Link") continue
    const [, owner] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(item.path) ?? []
    const group = owner ?? item.path.replace(/^files\//, "")
    const { bytes, files } = groups.get(group) ?? { files: 0, bytes: 0 }
    groups.set(group, { files: files + 1, bytes: bytes + item.bytes })
  }
  const sorted = [...groups].sort(([, a], [, b]) => b.bytes - a.bytes)
  if (sorted.length === 0) return []
  return [
    "",
    "Files that travel with the bundle:",
    ...sorted.map(([name, { bytes, files }]) => `  ${name}  ${sizeOf(bytes)}${files === 1 ? "" : ` in ${files} files`}`)
  ]
}

const sizeOf = (bytes: number): string =>
  bytes < 1e4 ? `${bytes} B` : bytes < 1e7 ? `${Math.round(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`

const schemas = ({ input, output }: Pick<Snapshot.Snapshot["spec"], "input" | "output">): ReadonlyArray<string> => [
  "",
  "input schema",
  Render.json(input),
  "output schema",
  Render.json(output)
]

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

const removeUnusedBundles = Effect.gen(function* () {
  const store = yield* SnapshotStore
  const bundler = yield* Bundle.Bundler
  const snapshots = yield* store.list()
  yield* bundler.removeUnused(new Set(snapshots.map(({ bundle }) => bundle.digest)))
})

/** The generations with a snapshot, old ones included: a rollback serves them again. */
const usesOf = Effect.fnUntraced(function* (id: string) {
  const deployer = yield* Deployer
  const uses = yield* Effect.forEach(yield* deployer.list(), ({ name }) =>
    Effect.map(
      Effect.orElseSucceed(deployer.revisions(name), () => []),
      (revisions) => ({
        deployment: name,
        generations: revisions
          .filter(({ snapshotId }) => snapshotId === id)
          .map(({ generation }) => generation)
          .sort((a, b) => a - b)
      })
    )
  )
  return uses.filter(({ generations }) => generations.length > 0)
})
