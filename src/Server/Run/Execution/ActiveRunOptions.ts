/** The parts that a run in progress is made of, its end, and its followers. */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as RunEvent from "../../../Contract/RunEvent.js"
import type { Attributes } from "../../../Internal/Spans.js"
import type { InterruptionCause, RunOperations, RunRequest } from "../../../Run.js"
import type { StepRun } from "../../../Store/RunStore.js"
import type { ArtifactKeeper } from "../Artifacts/ArtifactKeeper.js"
import type { RunFiles } from "../Files/RunFiles.js"
import type * as RunLimits from "../Limits/RunLimits.js"
import type { LogLimits } from "../Records/RunLog.js"
import type { RunRecorder } from "../Records/RunRecorder.js"
import type { StepCache } from "../Records/StepCache.js"
import type { ActiveRun } from "./ActiveRun.js"

/** The end of a run, as its record has it. */
export interface Ending {
  readonly status: "succeeded" | "failed" | "interrupted"
  readonly cause?: InterruptionCause | undefined
  readonly outputs?: unknown
  readonly error?: unknown
}

export interface Options {
  readonly clock: Clock.Clock
  readonly id: string
  readonly index: number
  readonly name: string
  readonly deploymentName: string
  readonly requestId: string | undefined
  /** The attributes of the spans of the run; none for a run without spans. */
  readonly trace: Attributes | undefined
  readonly parameters: unknown
  readonly isQueued: boolean
  /** False when no record of the run is stored. */
  readonly isRecorded: boolean
  /** Records only statuses and times. */
  readonly skipArtifacts: boolean
  readonly recorder: Pick<Context.Tag.Service<RunRecorder>, "offerPart" | "onStored">
  /** The id of the key of the caller. */
  readonly caller: string | undefined
  /** Describes the request that started the run. */
  readonly describe?: (() => RunRequest) | undefined
  /** Waits until the caller takes the next element; none for a caller that gets all elements at the end. */
  readonly pace?: (() => Effect.Effect<void>) | undefined
  readonly session: string | undefined
  readonly limits: RunLimits.Limits & LogLimits
  /** The files that came with the request. */
  readonly files?: RunFiles | undefined
  /** Keeps large outputs of steps; absent if every output is in the record. */
  readonly artifacts: ArtifactKeeper | undefined
  /** Finds outputs of cached steps; absent if none are used again. */
  readonly cache: StepCache | undefined
  /** The operations of the run, which are made when it calls the first one. */
  readonly operations: ((run: ActiveRun) => RunOperations) | undefined
  /** The record of the run by earlier processes. */
  readonly earlier?: Earlier | undefined
}

/** The record of a run that goes on in this process. */
export interface Earlier {
  readonly startedAt: DateTime.Utc
  readonly steps: ReadonlyArray<StepRun>
  /** The last position among the run's events. */
  readonly sequence: number
  /** The number of lines that the run has logged. */
  readonly lines: number
}

/** Receives the events of a run when they are on disk. */
export interface Follower {
  readonly tell: (event: RunEvent.RunEvent) => void
  /** Called in place of `tell`: the events up to this position are in the store, or will be when it is written again. */
  readonly miss: (sequence: number) => void
  /** Called in place of the last event, when the end of the run could not be stored. */
  readonly lose: () => void
}
