/** Reads the registry, and looks at the processes of its local deployments. */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import { SqlClient } from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isLoopback } from "../../Internal/Loopback.js"
import * as Metadata from "../../Local/Metadata.js"
import { Processes } from "../../Local/Processes.js"
import { type DeploymentRecord, DeploymentStore } from "../../Store/DeploymentStore.js"
import { Home } from "../../Store/Home.js"
import * as Ids from "../../Store/Ids.js"
import * as Postgres from "../../Store/Postgres.js"
import { schema } from "../../Store/Registry/RegistrySchema.js"
import * as RegistryUrl from "../../Store/Registry/RegistryUrl.js"
import * as Registry from "../../Store/Registry.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import type { DeploymentFacts, RegistryContent, RegistryFacts, ServerFacts } from "./Facts.js"

/** The registry of the home. One that does not exist is not opened: opening creates it. */
export const registry: Effect.Effect<RegistryFacts, never, Home | FileSystem.FileSystem | Processes> = Effect.gen(
  function* () {
    const { registry: file, registryIsNamed, registryUrl } = yield* Home
    const fs = yield* FileSystem.FileSystem
    const isOnServer = registryIsNamed || (yield* Effect.orElseSucceed(fs.exists(registryUrl), () => true))
    if (isOnServer) {
      const content = yield* Effect.either(Effect.asSome(opened))
      const server = Either.isRight(content) ? Option.getOrUndefined(yield* serverOf) : undefined
      return { path: registryUrl, isWritable: true, content, server }
    }
    const path = file
    const exists = yield* Effect.orElseSucceed(fs.exists(path), () => true)
    const isWritable = yield* Effect.forEach(exists ? [path, Path.dirname(path)] : [], (one) =>
      fs.access(one, { writable: true })
    ).pipe(Effect.isSuccess)
    return { path, isWritable, content: yield* Effect.either(exists ? Effect.asSome(opened) : Effect.succeedNone) }
  }
)

// internal

const opened: Effect.Effect<RegistryContent, string, Home | Processes | FileSystem.FileSystem> = Effect.gen(
  function* () {
    const context = yield* Layer.build(Layer.provide(Registry.layerHome, Ids.layer))
    return yield* Effect.provide(content, context)
  }
).pipe(
  Effect.scoped,
  Effect.mapError(({ message }) => message)
)

/** The server of a registry that opened a moment ago. */
const serverOf: Effect.Effect<Option.Option<ServerFacts>, never, Home> = Effect.gen(function* () {
  const url = yield* Effect.flatMap(Home, RegistryUrl.read)
  if (url === undefined) return Option.none()
  const sql = Context.get(yield* Layer.build(Postgres.layer(schema, { url, maxConnections: 1 })), SqlClient)
  const [found] = yield* sql<{
    readonly version: string
    readonly writable: boolean
    readonly encrypted: boolean
    readonly address: string | null
    readonly port: number | null
    readonly name: string
  }>`SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
      current_setting('transaction_read_only') = 'off' AS writable,
      COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
      host(inet_server_addr()) AS address, inet_server_port() AS port, current_database() AS name`
  return Option.map(Option.fromNullable(found), ({ address, encrypted, name, port, version, writable }) => ({
    place: address === null ? `a socket of this machine, database ${name}` : `${address}:${port ?? ""}/${name}`,
    version,
    isWritable: writable,
    isPrivate: encrypted || address === null || isLoopback(address)
  }))
}).pipe(
  Effect.scoped,
  // A server that opened and does not answer now is no finding of its own.
  Effect.orElseSucceed(() => Option.none())
)

const content = Effect.gen(function* () {
  const store = yield* DeploymentStore
  const [records, operations, leases] = yield* Effect.all([store.list(), store.openOperations, store.leases])
  const held = new Set(leases.map(({ deploymentId }) => deploymentId))
  const interrupted = new Map(
    operations.filter(({ deploymentId }) => !held.has(deploymentId)).map((one) => [one.deploymentId, one.kind] as const)
  )
  const lacking = yield* snapshotsWithoutBundle(records)
  const deployments = yield* Effect.forEach(records, (record) =>
    Effect.map(
      livesOf(record),
      (lives): DeploymentFacts => ({
        lacksBundle: lacking.has(record.deployment.snapshot.id),
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

/** The ids of snapshots that deployments serve and whose bundle is gone. */
const snapshotsWithoutBundle = (records: ReadonlyArray<DeploymentRecord>) =>
  Effect.gen(function* () {
    const { bundles } = yield* Home
    const fs = yield* FileSystem.FileSystem
    const snapshots = yield* SnapshotStore
    const ids = [...new Set(records.map(({ deployment }) => deployment.snapshot.id))]
    const lacking = yield* Effect.filter(ids, (id) =>
      Effect.flatMap(
        snapshots.find(id),
        Option.match({
          onNone: () => Effect.succeed(true),
          onSome: ({ bundle }) =>
            Effect.map(
              Effect.orElseSucceed(fs.exists(Path.join(bundles, bundle.digest)), () => true),
              (exists) => !exists
            )
        })
      )
    )
    return new Set(lacking)
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
