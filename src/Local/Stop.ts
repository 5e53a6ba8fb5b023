/** Ends processes and verifies it: SIGTERM, wait, SIGKILL, check. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { TypeId } from "../Errors/Kind.js"
import { timeoutTo } from "../Internal/Deadline.js"
import type { ProcessSignalRefused, ProcessTableUnavailable } from "./ProcessErrors.js"
import { Processes } from "./Processes.js"
import type { ProcessRef } from "./ProcessTable.js"

/** A process is alive after SIGKILL. */
export class ProcessSurvived extends Schema.TaggedError<ProcessSurvived>()("ProcessSurvived", { pid: Schema.Int }) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `Process ${this.pid} is still alive after SIGKILL; it may hang in a system call.`
  }
}

/** The failures of {@link stop}. */
export type StopError = ProcessSurvived | ProcessSignalRefused | ProcessTableUnavailable

/** True if exactly this process is alive, and not a later one with the same number. */
export const isAlive = (process: ProcessRef): Effect.Effect<boolean, ProcessTableUnavailable, Processes> =>
  Effect.flatMap(Processes, ({ identify }) => Effect.map(identify(process.pid), Option.contains(process.identity)))

/**
 * Sends SIGTERM to the group of a process, after `grace` SIGKILL, and succeeds when nothing of the group is left. A missing
 * process is a success; a foreign process with its number is not touched.
 */
export const stop = (process: ProcessRef, grace: Duration.DurationInput): Effect.Effect<void, StopError, Processes> =>
  Effect.gen(function* () {
    if (yield* endedWithin(process, "SIGTERM", grace)) return
    if (yield* endedWithin(process, "SIGKILL", killTimeout)) return
    return yield* new ProcessSurvived({ pid: process.pid })
  })

const killTimeout: Duration.DurationInput = "5 seconds"

const pollSchedule = Schedule.exponential("10 millis", 1.5).pipe(Schedule.union(Schedule.spaced("250 millis")))

const endedWithin = (process: ProcessRef, signal: "SIGTERM" | "SIGKILL", limit: Duration.DurationInput) =>
  Effect.gen(function* () {
    const { signalGroup } = yield* Processes
    if (!(yield* anythingLeft(process))) return true
    yield* Effect.catchAll(signalGroup(process.pid, signal), (refused) =>
      Effect.flatMap(anythingLeft(process), (left) => (left ? Effect.fail(refused) : Effect.void))
    )
    return yield* anythingLeft(process).pipe(
      Effect.repeat({ schedule: pollSchedule, until: (left) => !left }),
      Effect.as(true),
      timeoutTo({ duration: limit, onTimeout: () => false })
    )
  })

const anythingLeft = (process: ProcessRef) =>
  Effect.flatMap(isAlive(process), (alive) =>
    alive ? Effect.succeed(true) : Effect.flatMap(Processes, ({ groupLives }) => groupLives(process))
  )
