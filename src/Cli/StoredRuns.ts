/** The recorded runs of deployments that do not answer. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Deployment } from "../Deployment.js"
import type { StoreError } from "../Errors/Stores.js"
import type { RunStore } from "../Store/RunStore.js"

/** Reads of a run store. */
export type Records = Pick<Context.Tag.Service<typeof RunStore>, "find" | "list">

/** Opens the run stores of deployments for reading. Default: no store can be read. */
export class StoredRuns extends Context.Reference<StoredRuns>()("effect-deployers/Cli/StoredRuns", {
  defaultValue: () => ({
    /** None if the records of the deployment are not on this machine. */
    open: (_: Deployment): Effect.Effect<Option.Option<Records>, StoreError, Scope.Scope> => Effect.succeedNone
  })
}) {}
