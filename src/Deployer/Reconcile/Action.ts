/** What reconciling can do about one deployment. */
import * as Data from "effect/Data"
import type { DeploymentId, DeploymentName, OperationalState } from "../../Deployment.js"
import type { OperationKind } from "../../Store/DeploymentStore.js"

interface Target {
  readonly id: DeploymentId
  readonly name: DeploymentName
}

/** One action. Only `Settle`, `RemoveStray`, `RemoveOrphan` and `Restore` touch anything outside the registry. */
export type Action = Data.TaggedEnum<{
  /** Finish or undo an operation whose process died. */
  Settle: Target & { readonly kind: OperationKind; readonly generation: number; readonly committed: boolean }
  /** Remove an instance of a deployment that no generation accounts for any more. */
  RemoveStray: Target & { readonly generation: number; readonly resource: string; readonly reason: string }
  /** Remove what is left of a deployment that was deleted. */
  RemoveOrphan: Target & { readonly resources: ReadonlyArray<string> }
  /** Start the accepted generation again. `attempt` counts within the window of the policy, from 1. */
  Restore: Target & { readonly generation: number; readonly attempt: number; readonly reason: string }
  /** Too early to start it again. */
  Wait: Target & { readonly until: number; readonly reason: string }
  /** It ended too often: it is left alone until somebody provisions it. */
  GiveUp: Target & { readonly reason: string }
  /** Write down what was seen. */
  Record: Target & { readonly generation: number; readonly seen: OperationalState | "unobservable" }
  /** Not provably ours or not ours to touch now. */
  Leave: Target & { readonly reason: string }
}>

/** Constructors and matchers of {@link Action}. */
export const Action = Data.taggedEnum<Action>()

/** Whether an action changes something outside the registry. */
export const isMutating = ({ _tag }: Action): boolean =>
  _tag === "Settle" || _tag === "RemoveStray" || _tag === "RemoveOrphan" || _tag === "Restore"

/**
 * What is planned: actions in the order they are to be taken, or evidence that registry and reality do not belong
 * together, in which case nothing may be touched.
 */
export interface Decision {
  readonly evidence: ReadonlyArray<string>
  readonly actions: ReadonlyArray<Action>
}
