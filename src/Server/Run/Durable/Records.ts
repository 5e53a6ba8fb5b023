/** The writes of a run that may go on in another process: its lease, and the entries of its journal. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { JournalEntry } from "../../../Store/RunStore.js"
import type { RunRecorder } from "../Records/RunRecorder.js"
import type { Journal } from "./Journal.js"

type Recorder = Context.Tag.Service<RunRecorder>

/** The right of this process to execute a run. Every write of the run carries its token, which fences it. */
export class Lease {
  #isProgress = false

  constructor(
    readonly runId: string,
    readonly token: number,
    /** The processes that died with the run since its last progress. */
    recoveries: number,
    readonly recorder: Pick<Recorder, "offerPart" | "onStored">
  ) {
    this.#recoveries = recoveries
  }

  #recoveries: number

  /** Makes the lease of a run that is accepted. */
  make(request: string): void {
    const { runId, token } = this
    this.recorder.offerPart({ _tag: "Lease", runId, token, request })
  }

  /** Has the next write of the run fail if another process has taken it. */
  fence(): void {
    const { runId, token } = this
    this.recorder.offerPart({ _tag: "Lease", runId, token, isProgress: this.#isProgress })
    this.#isProgress = false
  }

  /** Sets the number of recoveries back with the next write. */
  progress(): void {
    if (this.#recoveries === 0) return
    this.#recoveries = 0
    this.#isProgress = true
  }

  /** Gives the run to the process that takes it next. */
  release(): void {
    this.fence()
    this.recorder.offerPart({ _tag: "Release", runId: this.runId })
  }

  /** The recorder of the run, which fences each part. */
  readonly fenced: Pick<Recorder, "offerPart" | "onStored"> = {
    offerPart: (part) => {
      this.fence()
      this.recorder.offerPart(part)
    },
    onStored: (id, onStored) => this.recorder.onStored(id, onStored)
  }
}

/** The time after which a write that failed is tried again. */
const retryMillis = 250

/** Waits until what was offered for a run is on record, however long the store fails. */
export const stored = ({ onStored }: Pick<Recorder, "onStored">, runId: string): Effect.Effect<void> =>
  Effect.async((resume) =>
    onStored(runId, (isStored) =>
      resume(isStored ? Effect.void : Effect.delay(stored({ onStored }, runId), retryMillis))
    )
  )

/** The journal of a run, and its entries on the way to the store. */
export class Records {
  constructor(
    readonly journal: Journal,
    readonly lease: Lease,
    /** True if the run waits until a result is on record. */
    readonly waits: boolean
  ) {}

  /** Stores an entry soon. */
  put(entry: JournalEntry): void {
    this.lease.fenced.offerPart({ _tag: "Entry", runId: this.lease.runId, entry })
  }

  /** Stores an entry and waits until it is on record. */
  store(entry: JournalEntry): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.put(entry)
      return stored(this.lease.recorder, this.lease.runId)
    })
  }

  /** Stores the result of an operation, before the run continues if it has to be on record. */
  settle(entry: JournalEntry): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.lease.progress()
      if (this.waits) return this.store(entry)
      this.put(entry)
      return Effect.void
    })
  }
}
