/** Says in words what reconciling does. */
import * as DateTime from "effect/DateTime"
import type { ReconcileAction } from "../Contract.js"
import { Action } from "./Action.js"

/** An action as it is reported. */
export const describe = (action: Action): Pick<ReconcileAction, "deployment" | "action" | "detail"> => ({
  deployment: action.name,
  ...words(action)
})

// internal

const words = Action.$match({
  Settle: ({ committed, generation, kind }) => ({
    action: kind === "provision" && !committed ? ("undo" as const) : ("finish" as const),
    detail: kind === "provision" ? `the interrupted provision of generation ${generation}` : `the interrupted ${kind}`
  }),
  RemoveStray: ({ reason, resource }) => ({ action: "remove" as const, detail: `${resource}: ${reason}` }),
  RemoveOrphan: ({ resources }) => ({
    action: "remove" as const,
    detail: `${resources.join(", ")}: the deployment was deleted`
  }),
  Restore: ({ attempt, reason }) => ({
    action: "restore" as const,
    detail: attempt === 1 ? reason : `${reason}; start number ${attempt} of late`
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
        ? "it cannot be observed; what is known stays"
        : `${seen.status}${seen.reason === undefined ? "" : `: ${seen.reason}`}`
  }),
  Leave: ({ reason }) => ({ action: "leave" as const, detail: reason })
})
