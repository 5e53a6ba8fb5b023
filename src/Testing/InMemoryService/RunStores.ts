/** The run stores of in-memory deployments: one database each, which outlives the instances that write to it. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Sqlite from "../../Store/Database/Sqlite.js"
import { RunStore } from "../../Store/RunStore.js"
import { schema } from "../../Store/Runs/RunsSchema.js"
import * as SqlRunStore from "../../Store/Runs/SqlRunStore.js"
import { layerNone } from "../../Store/Runs.js"

export interface RunStores {
  /** The run store of a deployment, for an instance of a generation. */
  readonly open: (deploymentId: string, generation: number) => Effect.Effect<Context.Tag.Service<RunStore>>
  /** Removes the runs of a deployment. */
  readonly remove: (deploymentId: string) => Effect.Effect<void>
}

interface Database {
  readonly scope: Scope.CloseableScope
  readonly connections: Context.Context<Sqlite.Connections>
}

/** Run stores that are gone when the scope closes. */
export const make = (parent: Scope.Scope): RunStores => {
  const databases = new Map<string, Database>()
  const create = (deploymentId: string) =>
    Effect.gen(function* () {
      const scope = yield* Scope.fork(parent, ExecutionStrategy.sequential)
      const connections = yield* Layer.buildWithScope(Sqlite.layerMemory(schema), scope)
      const database = { scope, connections }
      databases.set(deploymentId, database)
      return database
    })
  return {
    open: (deploymentId, generation) =>
      Effect.gen(function* () {
        const { connections } = databases.get(deploymentId) ?? (yield* create(deploymentId))
        return yield* Effect.provide(
          RunStore,
          Layer.provide(Layer.fresh(SqlRunStore.layer(generation)), Layer.succeedContext(connections))
        )
        // A database in memory fails only by a fault of this library.
      }).pipe(Effect.orDie),
    remove: (deploymentId) =>
      Effect.suspend(() => {
        const database = databases.get(deploymentId)
        databases.delete(deploymentId)
        return database === undefined ? Effect.void : Scope.close(database.scope, Exit.void)
      })
  }
}

/** The run store of a service that records nothing. */
export const none: Effect.Effect<Context.Tag.Service<RunStore>> = Effect.provide(RunStore, layerNone)
