/** Run stores ready to use. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StoreError } from "../Errors/Stores.js"
import * as Sqlite from "./Database/Sqlite.js"
import { RunStore } from "./RunStore.js"
import { schema } from "./Runs/RunsSchema.js"
import * as SqliteRunWriter from "./Runs/SqliteRunWriter.js"
import * as SqlRunStore from "./Runs/SqlRunStore.js"

/**
 * Options of a run store in a file.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileOptions {
  /** The generation of the process that writes; default 0. */
  readonly generation?: number | undefined
  /**
   * Leaves the moment at which the disk has a run to the system, as the serving setting `recording: "relaxed"` asks: a crash
   * of the process loses nothing, a loss of power may lose the last moments. Default false.
   */
  readonly isRelaxed?: boolean | undefined
}

/**
 * The run store in a file, which is created if it is not there. `generation` is that of the process that writes: another
 * generation of the same deployment may write too, while one replaces the other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  path: string,
  { generation, isRelaxed = false, ...options }: Pick<Sqlite.Options, "busyBudget" | "mustExist"> & FileOptions = {}
): Layer.Layer<RunStore, StoreError> =>
  Layer.fresh(SqlRunStore.layer(generation)).pipe(
    Layer.provide(isRelaxed ? SqliteRunWriter.layerRelaxed : SqliteRunWriter.layer),
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
  events: () => Effect.succeedNone,
  logs: () => Effect.succeedNone,
  claim: () => Effect.succeedNone,
  claimed: () => Effect.succeedNone,
  release: () => Effect.void,
  cancel: () => Effect.void,
  cancelled: Effect.succeed([]),
  prune: () => Effect.succeed(0),
  cachedStep: () => Effect.succeedNone,
  artifacts: { hold: () => Effect.void, sweep: () => Effect.succeed(0) },
  schedules: {
    register: () => Effect.void,
    find: () => Effect.succeed([]),
    claim: () => Effect.succeed([]),
    fire: () => Effect.void,
    started: () => Effect.void,
    reclaim: () => Effect.succeed([]),
    pause: () => Effect.void
  },
  sessions: {
    read: () => Effect.succeedNone,
    write: () => Effect.succeedNone,
    remove: () => Effect.void,
    list: () => Effect.succeed({ sessions: [], nextCursor: undefined }),
    find: () => Effect.succeedNone,
    delete: () => Effect.succeed(false),
    expire: Effect.succeed(0)
  },
  webhooks: {
    claim: () => Effect.succeed([]),
    settle: () => Effect.void,
    list: () => Effect.succeed({ deliveries: [], nextCursor: undefined }),
    retry: () => Effect.succeedNone
  },
  counts: Effect.succeed({ queued: 0, running: 0, succeeded: 0, failed: 0, interrupted: 0 }),
  lastIndex: Effect.succeed(0),
  markLost: Effect.succeed(0),
  alive: Effect.succeed(0),
  orphan: Effect.succeed(0),
  take: () => Effect.succeed([]),
  abandon: () => Effect.succeed(0),
  journal: () => Effect.succeed({ journal: [], steps: [] }),
  signal: () => Effect.succeedNone,
  nextSignal: () => Effect.succeedNone,
  signalled: (last) => Effect.succeed({ last, runIds: [] })
})
