/** The actions of reconciling, and their words in a report. */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import type { DeploymentId, DeploymentName, OperationalState } from "../../Deployment.js"
import type { OperationKind } from "../../Store/DeploymentStore.js"
import type { ReconcileAction } from "../Contract.js"

interface Target {
  readonly id: DeploymentId
  readonly name: DeploymentName
}

/** One action. Only those of {@link isMutating} touch anything outside the registry. */
export type Action = Data.TaggedEnum<{
  /** Finish or undo an operation whose process died. */
  CloseOperation: Target & { readonly kind: OperationKind; readonly generation: number; readonly committed: boolean }
  /** Remove a deployment whose first provision ended before it was accepted. */
  ForgetFirst: Target
  /** Remove an instance of a deployment that no generation accounts for any more. */
  RemoveStray: Target & { readonly generation: number; readonly resource: string; readonly reason: string }
  /** Remove a candidate that does not run. */
  EndCanary: Target & { readonly generation: number; readonly reason: string }
  /** Remove the leftovers of a deployment that was deleted. */
  RemoveOrphan: Target & { readonly resources: ReadonlyArray<string> }
  /** Start the accepted generation again. `attempt` counts within the window of the policy, from 1. */
  Restore: Target & { readonly generation: number; readonly attempt: number; readonly reason: string }
  /** Too early to start it again. */
  Wait: Target & { readonly until: number; readonly reason: string }
  /** It ended too often: the reason becomes its status, and further starts are as far apart as the settings allow. */
  GiveUp: Target & { readonly reason: string }
  /** Write the observed state into the registry. */
  Record: Target & { readonly generation: number; readonly seen: OperationalState | "unobservable" }
  /** Not provably ours or not ours to touch now. */
  Leave: Target & { readonly reason: string }
}>

/** Constructors and matchers of {@link Action}. */
export const Action = Data.taggedEnum<Action>()

/** True if an action changes something outside the registry. */
export const isMutating = ({ _tag }: Action): boolean =>
  _tag === "CloseOperation" ||
  _tag === "ForgetFirst" ||
  _tag === "RemoveStray" ||
  _tag === "EndCanary" ||
  _tag === "RemoveOrphan" ||
  _tag === "Restore"

/**
 * A plan: actions in their order, or evidence that the registry and the engine do not belong together. With evidence
 * nothing may be touched.
 */
export interface Decision {
  readonly evidence: ReadonlyArray<string>
  readonly actions: ReadonlyArray<Action>
}

/** An action in the words of a report. */
export const describe = (action: Action): Pick<ReconcileAction, "deployment" | "action" | "detail"> => ({
  deployment: action.name,
  ...words(action)
})

// internal

const words = Action.$match({
  CloseOperation: ({ committed, generation, kind }) => ({
    action: (kind === "provision" || kind === "promote") && !committed ? ("undo" as const) : ("finish" as const),
    detail:
      kind === "provision" || kind === "canary" || kind === "promote"
        ? `the interrupted ${kind} of generation ${generation}`
        : `the interrupted ${kind}`
  }),
  ForgetFirst: () => ({ action: "undo" as const, detail: "its first provision, which was never accepted" }),
  RemoveStray: ({ reason, resource }) => ({ action: "remove" as const, detail: `${resource}: ${reason}` }),
  EndCanary: ({ generation, reason }) => ({
    action: "remove" as const,
    detail: `the candidate, generation ${generation}: ${reason}`
  }),
  RemoveOrphan: ({ resources }) => ({
    action: "remove" as const,
    detail: `${resources.join(", ")}: the deployment was deleted`
  }),
  Restore: ({ attempt, reason }) => ({
    action: "restore" as const,
    detail: attempt === 1 ? reason : `${reason}; attempt ${attempt} in a row`
  }),
  Wait: ({ reason, until }) => ({
    action: "wait" as const,
    detail: `until ${DateTime.formatIso(DateTime.unsafeMake(until))}: ${reason}`
  }),
  GiveUp: ({ reason }) => ({ action: "giveUp" as const, detail: reason }),
  Record: ({ seen }) => ({
    action: "observe" as const,
    detail:
      seen === "unobservable"
        ? "it cannot be observed; the last known state stays"
        : `${seen.status}${seen.reason === undefined ? "" : `: ${seen.reason}`}`
  }),
  Leave: ({ reason }) => ({ action: "leave" as const, detail: reason })
})
