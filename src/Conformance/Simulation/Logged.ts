/** Notes what controllers write to the registry. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { Subject } from "./Watch.js"

type Store = typeof DeploymentStore.Service

/** The registry, with every write noted in the ledger: when, by whom, and whether it came about. */
export const logged = ({ ledger, process }: Subject, registry: Store): Store => {
  const told =
    <Args extends ReadonlyArray<unknown>, A, E>(what: string, write: (...args: Args) => Effect.Effect<A, E>) =>
    (...args: Args): Effect.Effect<A, E> =>
      Effect.onExit(write(...args), (exit) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const how = exit._tag === "Success" ? "" : " failed"
          ledger.log.push(`${new Date(now).toISOString().slice(11, 19)} ${process} ${what}${how}`)
        })
      )
  return {
    ...registry,
    insert: (draft) => told(`insert ${draft.name}`, registry.insert)(draft),
    acquire: (id, options) => told(`acquire ${id.slice(-2)}`, registry.acquire)(id, options),
    begin: (lease, intent) => told(`begin ${intent.kind}`, registry.begin)(lease, intent),
    commit: (lease, operation, change) =>
      told(`commit ${operation.generation}`, registry.commit)(lease, operation, change),
    finish: (lease, operation) => told(`finish ${operation.generation}`, registry.finish)(lease, operation),
    abort: (lease, operation, reason) =>
      told(`abort ${operation.kind} ${operation.generation}: ${reason}`, registry.abort)(lease, operation, reason),
    stopped: told("stopped", registry.stopped),
    restored: (lease, operation, state) =>
      told(`restored ${operation.generation} ${state.status}`, registry.restored)(lease, operation, state),
    remove: told("remove", registry.remove),
    observe: (id, generation, state, basis) =>
      told(
        `observe ${id.slice(-2)} ${generation} ${state === "unobservable" ? state : state.status}`,
        registry.observe
      )(id, generation, state, basis)
  }
}
