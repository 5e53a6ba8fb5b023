/** Run stores ready to use. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StoreError } from "../Errors/Stores.js"
import { RunStore } from "./RunStore.js"
import { schema } from "./RunsSchema.js"
import * as Sqlite from "./Sqlite.js"
import * as SqliteRunWriter from "./SqliteRunWriter.js"
import * as SqlRunStore from "./SqlRunStore.js"

/**
 * The run store in a file, which is created if it is not there. `generation` is that of the process that writes: another
 * generation of the same deployment may write too, while one replaces the other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  path: string,
  {
    generation,
    ...options
  }: Pick<Sqlite.Options, "busyBudget" | "mustExist"> & { readonly generation?: number | undefined } = {}
): Layer.Layer<RunStore, StoreError> =>
  Layer.fresh(SqlRunStore.layer(generation)).pipe(
    Layer.provide(SqliteRunWriter.layer),
    Layer.provide(Sqlite.layer({ schema, path, ...options }))
  )

/**
 * The run store of another process, for reading; the file must exist. Writing to it fails as `readonly`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerReadOnly = (
  path: string,
  options?: Pick<Sqlite.Options, "busyBudget">
): Layer.Layer<RunStore, StoreError> =>
  Layer.provide(Layer.fresh(SqlRunStore.layer()), Sqlite.layerReadOnly({ schema, path, ...options }))

/**
 * A run store in memory that is gone with its scope.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<RunStore, StoreError> = Layer.provide(
  Layer.fresh(SqlRunStore.layer()),
  Sqlite.layerMemory(schema)
)

/**
 * A run store that keeps nothing, for deployments that do not record.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNone: Layer.Layer<RunStore> = Layer.succeed(RunStore, {
  commit: () => Effect.void,
  find: () => Effect.succeedNone,
  list: () => Effect.succeed({ runs: [], nextCursor: undefined }),
  messages: () => Effect.succeed([]),
  claim: () => Effect.succeedNone,
  claimed: () => Effect.succeedNone,
  release: () => Effect.void,
  cancel: () => Effect.void,
  cancelled: Effect.succeed([]),
  prune: () => Effect.succeed(0),
  counts: Effect.succeed({ queued: 0, running: 0, succeeded: 0, failed: 0, interrupted: 0 }),
  lastIndex: Effect.succeed(0),
  markLost: Effect.succeed(0),
  alive: Effect.succeed(0)
})
