/** Reads the registry, and looks at the processes of its local deployments. */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Metadata from "../../Local/Metadata.js"
import { Processes } from "../../Local/Processes.js"
import { type DeploymentRecord, DeploymentStore } from "../../Store/DeploymentStore.js"
import { Home } from "../../Store/Home.js"
import * as Ids from "../../Store/Ids.js"
import * as Registry from "../../Store/Registry.js"
import type { DeploymentFacts, RegistryContent, RegistryFacts } from "./Facts.js"

/** The registry of the home. One that does not exist is not opened: opening creates it. */
export const registry: Effect.Effect<RegistryFacts, never, Home | FileSystem.FileSystem | Processes> = Effect.gen(
  function* () {
    const { registry: file, registryIsNamed, registryUrl } = yield* Home
    const fs = yield* FileSystem.FileSystem
    const isOnServer = registryIsNamed || (yield* Effect.orElseSucceed(fs.exists(registryUrl), () => true))
    if (isOnServer) return { path: registryUrl, isWritable: true, content: yield* Effect.either(Effect.asSome(opened)) }
    const path = file
    const exists = yield* Effect.orElseSucceed(fs.exists(path), () => true)
    const isWritable = yield* Effect.forEach(exists ? [path, Path.dirname(path)] : [], (one) =>
      fs.access(one, { writable: true })
    ).pipe(Effect.isSuccess)
    return { path, isWritable, content: yield* Effect.either(exists ? Effect.asSome(opened) : Effect.succeedNone) }
  }
)

// internal

const opened: Effect.Effect<RegistryContent, string, Home | Processes> = Effect.gen(function* () {
  const context = yield* Layer.build(Layer.provide(Registry.layerHome, Ids.layer))
  return yield* Effect.provide(content, context)
}).pipe(
  Effect.scoped,
  Effect.mapError(({ message }) => message)
)

const content = Effect.gen(function* () {
  const store = yield* DeploymentStore
  const [records, operations, leases] = yield* Effect.all([store.list(), store.openOperations, store.leases])
  const held = new Set(leases.map(({ deploymentId }) => deploymentId))
  const interrupted = new Map(
    operations.filter(({ deploymentId }) => !held.has(deploymentId)).map((one) => [one.deploymentId, one.kind] as const)
  )
  const deployments = yield* Effect.forEach(records, (record) =>
    Effect.map(
      livesOf(record),
      (lives): DeploymentFacts => ({
        deployment: record.deployment,
        lives,
        interrupted: Option.fromNullable(interrupted.get(record.deployment.id)),
        fixedPort: portOf(record.settings)
      })
    )
  )
  const times = [...records.map(({ deployment }) => deployment.updatedAt), ...operations.map((one) => one.startedAt)]
  return { deployments, newest: newestOf(times) }
})

const newestOf = (times: ReadonlyArray<DateTime.Utc>): Option.Option<DateTime.Utc> =>
  times.length === 0
    ? Option.none()
    : Option.some(DateTime.unsafeMake(Math.max(...times.map((time) => DateTime.toEpochMillis(time)))))

/** A record with another generation, or of another flavor, says nothing about a process. */
const livesOf = ({ deployment }: DeploymentRecord): Effect.Effect<Option.Option<boolean>, never, Processes> =>
  Option.match(Metadata.decodeOf(deployment, deployment.metadata), {
    onNone: () => Effect.succeedNone,
    onSome: ({ pid, processIdentity }) =>
      Effect.flatMap(Processes, ({ identify }) => identify(pid)).pipe(
        Effect.map(Option.contains(processIdentity)),
        Effect.option
      )
  })

const portOf = (settings: unknown): Option.Option<number> =>
  Option.map(Schema.decodeUnknownOption(Schema.Struct({ port: Schema.Int }))(settings), ({ port }) => port)
