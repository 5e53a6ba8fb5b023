/** The state of a run that is recorded step by step, or that may go on in another process. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Settings from "../../../Settings/Serving.js"
import type { JournalEntry, TakenRun } from "../../../Store/RunStore.js"
import type * as InvokeRequest from "../InvokeRequest.js"
import type { RunRecorder } from "../Records/RunRecorder.js"
import type { DurableListener } from "./DurableListener.js"
import { Journal } from "./Journal.js"
import type { Kept } from "./Kept.js"
import * as KeptRequest from "./KeptRequest.js"
import { Lease, Records } from "./Records.js"
import { SignalCursor } from "./SignalCursor.js"

/** The settings of a service whose runs are recorded step by step or recovered. */
export interface Policy {
  readonly recovery: Settings.Serving["recovery"]
  readonly storesEachStep: boolean
  readonly maxRecoveries: number
}

/** The policy of a service; none if its runs need nothing of it. */
export const policyOf = (serving: Settings.Serving): Policy | undefined => {
  const recovery = Settings.recoveryOf(serving)
  const storesEachStep = Settings.storesEachStep(serving)
  return recovery === "fail" && !storesEachStep
    ? undefined
    : { recovery, storesEachStep, maxRecoveries: serving.maxRecoveries }
}

/** The policy for a run of a service with recovery, in one that has none any more. */
export const abandoned: Policy = { recovery: "rerun", storesEachStep: false, maxRecoveries: 0 }

export class DurableCall {
  readonly lease: Lease | undefined
  readonly records: Records | undefined
  readonly cursor: SignalCursor
  /** True when the run continues in another process. */
  isGone = false
  /** True when another process has taken the run, so that nothing of it is stored here any more. */
  isFenced = false
  listener: DurableListener | undefined

  constructor(
    readonly policy: Policy,
    id: string,
    recorder: Context.Tag.Service<RunRecorder>,
    { kept, taken }: { readonly kept?: Kept | undefined; readonly taken?: TakenRun | undefined }
  ) {
    const recorded = taken?.journal ?? kept?.journal ?? []
    this.cursor = new SignalCursor(recorded)
    if (policy.recovery === "fail") return
    this.lease = new Lease(id, taken?.token ?? firstToken, taken?.recoveries ?? 0, recorder)
    if (policy.recovery === "resume") {
      this.records = new Records(new Journal(id, recorded), this.lease, policy.storesEachStep)
    }
    this.#kept = kept?.journal ?? []
  }

  readonly #kept: ReadonlyArray<JournalEntry> = []

  /** Records the lease of a run that is accepted, and the results that it takes from another run. */
  begin(request: string): void {
    this.lease?.make(request)
    for (const entry of this.#kept) this.records?.put(entry)
  }
}

/** The options of a run that its record needs in the next process. */
const Request = Schema.parseJson(
  Schema.Struct({
    timeoutMillis: Schema.optional(Schema.Number),
    requestId: Schema.optional(Schema.String),
    ...KeptRequest.fields,
    key: Schema.optional(Schema.String)
  })
)

/** The options of a run as its lease has them. */
export const requestOf = (
  { timeoutMillis }: Pick<InvokeRequest.InvokeRequest, "timeoutMillis">,
  options: InvokeRequest.InvokeOptions
): string => {
  const { claim, requestId } = options
  return JSON.stringify({ timeoutMillis, requestId, key: claim?.key, ...KeptRequest.of(options) })
}

/** The options of a run that another process accepted. */
export const optionsOf = ({
  request,
  run
}: Pick<TakenRun, "request" | "run">): {
  readonly timeoutMillis: number | undefined
  readonly options: InvokeRequest.InvokeOptions
} => {
  const { key, requestId, timeoutMillis, ...kept } = Option.getOrElse(
    decode(request),
    () => ({}) as typeof Request.Type
  )
  return {
    timeoutMillis,
    options: {
      isDetached: true,
      onAccepted: undefined,
      claim: key === undefined ? undefined : { key, runId: run.id },
      requestId,
      parent: undefined,
      ...KeptRequest.originOf(kept, requestId)
    }
  }
}

/** The program of a run, which diverges if it leaves a recorded operation out. */
export const program = (
  { listener, records }: DurableCall,
  own: Effect.Effect<unknown, unknown>
): Effect.Effect<unknown, unknown> => {
  const inFiber = listener === undefined ? own : listener.within(own)
  if (records === undefined) return inFiber
  const orDiverged = (end: Effect.Effect<unknown, unknown>) =>
    Effect.suspend(() => {
      const error = records.journal.atEnd()
      return error === undefined ? end : Effect.die(error)
    })
  return Effect.matchEffect(inFiber, {
    onSuccess: (value) => orDiverged(Effect.succeed(value)),
    onFailure: (error) => orDiverged(Effect.fail(error))
  })
}

// internal

const firstToken = 1

const decode = Schema.decodeUnknownOption(Request)
