/** `Run.once`, `Run.sleep` and `Run.waitFor` of a served run. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { type RunOperations, SignalTimedOut } from "../../../Run.js"
import type { JournalEntry, Signal } from "../../../Store/RunStore.js"
import * as SchemaCodec from "../../HotPath/SchemaCodec.js"
import * as TotalDecoder from "../../HotPath/TotalDecoder.js"
import type { ActiveRun } from "../Execution/ActiveRun.js"
import * as RunFailures from "../Execution/RunFailures.js"
import { diverged } from "./Divergence.js"
import type { Started } from "./Journal.js"
import type { Records } from "./Records.js"
import { decoded } from "./Replay.js"
import type { RunSignals } from "./RunSignals.js"
import type { SignalCursor } from "./SignalCursor.js"
import type { Suspension } from "./Suspension.js"

/** The run of the operations, and the step that contains them. */
export interface Scope {
  readonly run: Pick<ActiveRun, "id" | "record" | "options">
  /** Absent for a run that is not resumed. */
  readonly records: Records | undefined
  readonly suspension: Suspension
  readonly signals: Context.Tag.Service<RunSignals>
  readonly cursor: SignalCursor
  /** The ordinal of the step around the operations; 0 outside a step. */
  readonly parent: number
  /** True for the fiber of the program or of the step. */
  readonly isOwn: (fiber: Fiber.RuntimeFiber<unknown, unknown>) => boolean
}

export const make = (scope: Scope): RunOperations => ({
  once: (name, schema, effect) => {
    const { records } = scope
    return records === undefined ? effect : once(scope, records, name, schema, effect)
  },
  sleep: (duration) => inFiber((fiber) => sleep(scope, Duration.toMillis(duration), fiber)),
  waitFor: (name, schema, timeout) =>
    inFiber((fiber) =>
      waitFor(scope, name, schema, timeout === undefined ? undefined : Duration.toMillis(timeout), fiber)
    )
})

/** The operations of a run that has ended, in work that it left behind. */
export const detached: RunOperations = {
  once: (_name, _schema, effect) => effect,
  sleep: (duration) => Effect.sleep(duration),
  waitFor: () => Effect.never
}

// internal

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const inFiber = <A, E, R>(use: (fiber: AnyFiber) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => use(fiber))

const start = (
  { isOwn, parent }: Scope,
  { journal }: Records,
  operation: Pick<JournalEntry, "kind" | "name" | "digest">,
  fiber: AnyFiber
): Started => journal.start({ ...operation, parent, isSequential: isOwn(fiber) })

/** A recorded value that does not fit its Schema. */
const misfit = ({ journal, lease }: Records, entry: JournalEntry): Effect.Effect<never> =>
  Effect.suspend(() => {
    const error = diverged(lease.runId, entry, "result")
    journal.fail(error)
    return Effect.die(error)
  })

const once = <A, I, E, R>(
  scope: Scope,
  records: Records,
  name: string,
  schema: Schema.Schema<A, I>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  inFiber((fiber) => {
    const started = start(scope, records, { kind: "once", name, digest: "" }, fiber)
    if (started._tag === "Diverged") return Effect.die(started.error)
    if (started._tag === "Ended") return decoded(schema, started.entry.value, misfit(records, started.entry))
    records.put(started.entry)
    return Effect.tap(effect, (value) =>
      Effect.flatMap(encode(scope, name, schema, value), (json) =>
        records.settle({ ...started.entry, result: "value", value: json })
      )
    )
  })

const encode = <A, I>({ run }: Scope, name: string, schema: Schema.Schema<A, I>, value: A) =>
  SchemaCodec.jsonEncoder(schema)(value, run.options.limits.maxEventBytes).pipe(
    Effect.catchAll((problem) =>
      Effect.dieMessage(`The value of Run.once("${name}") cannot be recorded: ${RunFailures.reasonOf(problem)}`)
    ),
    Effect.tap((json) => {
      const excess = json === undefined ? undefined : run.record(json)
      return excess === undefined ? Effect.void : Effect.die(excess)
    })
  )

const Until = Schema.is(Schema.Struct({ until: Schema.Number }))

const untilOf = ({ value }: JournalEntry): number | undefined => (Until(value) ? value.until : undefined)

/** The end of a sleep or of a wait, which is on record before it begins. */
const ending = (records: Records, started: Extract<Started, { readonly _tag: "Executes" }>, millis: number) =>
  Effect.gen(function* () {
    const known = untilOf(started.entry)
    if (known !== undefined) return known
    const until = (yield* Clock.currentTimeMillis) + millis
    yield* records.store({ ...started.entry, value: { until } })
    return until
  })

const sleep = (scope: Scope, millis: number, fiber: AnyFiber): Effect.Effect<void> => {
  const { records, suspension } = scope
  const isProgram = isProgramOf(scope, fiber)
  if (records === undefined) return suspension.around(sleepFor(millis), isProgram)
  const started = start(scope, records, { kind: "sleep", name: "sleep", digest: String(millis) }, fiber)
  if (started._tag === "Diverged") return Effect.die(started.error)
  if (started._tag === "Ended") return Effect.void
  return Effect.flatMap(ending(records, started, millis), (until) =>
    Effect.zipRight(
      suspension.around(sleepUntil(until), isProgram),
      Effect.sync(() => {
        records.lease.progress()
        records.put({ ...started.entry, value: { until }, result: "value" })
      })
    )
  )
}

const isProgramOf = ({ isOwn, parent }: Scope, fiber: AnyFiber): boolean => parent === 0 && isOwn(fiber)

/** Timers of the system end after 24 days. */
const longestMillis = 86_400_000

const sleepFor = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => sleepUntil(now + millis))

const sleepUntil = (until: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    now >= until
      ? Effect.void
      : Effect.zipRight(
          Effect.sleep(Math.min(until - now, longestMillis)),
          Effect.suspend(() => sleepUntil(until))
        )
  )

const waitFor = <A, I>(
  scope: Scope,
  name: string,
  schema: Schema.Schema<A, I>,
  timeoutMillis: number | undefined,
  fiber: AnyFiber
): Effect.Effect<A, SignalTimedOut> => {
  const { records, suspension } = scope
  const isProgram = isProgramOf(scope, fiber)
  const timedOut = Effect.suspend(() =>
    Effect.fail(new SignalTimedOut({ signal: name, timeoutMillis: timeoutMillis ?? 0 }))
  )
  if (records === undefined) {
    const waiting = received(scope, name, schema)
    const limited =
      timeoutMillis === undefined
        ? waiting
        : Effect.raceFirst(waiting, Effect.zipRight(sleepFor(timeoutMillis), timedOut))
    return Effect.map(suspension.around(limited, isProgram), ({ value }) => value)
  }
  const started = start(scope, records, { kind: "signal", name, digest: String(timeoutMillis ?? "") }, fiber)
  if (started._tag === "Diverged") return Effect.die(started.error)
  const { entry } = started
  if (started._tag === "Ended") {
    return entry.result === "timeout" ? timedOut : decoded(schema, dataOf(entry), misfit(records, entry))
  }
  const waiting = Effect.map(received(scope, name, schema), Option.some)
  const limited =
    timeoutMillis === undefined
      ? Effect.zipRight(records.store(entry), suspension.around(waiting, isProgram))
      : Effect.flatMap(ending(records, started, timeoutMillis), (until) =>
          suspension.around(Effect.raceFirst(waiting, Effect.as(sleepUntil(until), Option.none())), isProgram)
        )
  return Effect.flatMap(
    limited,
    Option.match({
      onNone: () => Effect.zipRight(records.settle({ ...entry, result: "timeout" }), timedOut),
      onSome: ({ signal, value }) =>
        Effect.as(records.settle({ ...entry, result: "value", value: { ...signal } }), value)
    })
  )
}

const dataOf = ({ value }: JournalEntry): unknown => (Predicate.hasProperty(value, "data") ? value.data : undefined)

/**
 * The next signal of a name that fits the Schema. Others are left out, with a warning. The run is known to wait until the end,
 * so that a body that does not fit is refused at the door.
 */
const received = <A, I>(
  { cursor, run, signals }: Scope,
  name: string,
  schema: Schema.Schema<A, I>
): Effect.Effect<{ readonly signal: Signal; readonly value: A }> =>
  Effect.suspend(() => {
    const check = TotalDecoder.make(ParseResult.decodeUnknown(schema))
    const { asked, look } = looks()
    const take = cursor.take(name, (after) => signals.next({ runId: run.id, name, after }))
    const leaveOut = (issue: ParseResult.ParseIssue) =>
      Effect.logWarning(
        `A signal "${name}" of run ${run.id} does not fit its Schema and is left out: ${ParseResult.TreeFormatter.formatIssueSync(issue)}`
      )
    const next: Effect.Effect<{ readonly signal: Signal; readonly value: A }> = Effect.flatMap(take, (taken) =>
      Option.isNone(taken)
        ? Effect.zipRight(asked, next)
        : Effect.matchEffect(check(taken.value.data), {
            onSuccess: (value) => Effect.succeed({ signal: taken.value, value }),
            onFailure: (issue) => Effect.zipRight(leaveOut(issue), next)
          })
    )
    return Effect.acquireUseRelease(
      Effect.sync(() => signals.wait({ runId: run.id, name, check, schema, look })),
      () => Effect.zipRight(asked, next),
      (stop) => Effect.sync(stop)
    )
  })

/** Looks come one after another; one that is asked for meanwhile follows. */
const looks = () => {
  let isAsked = false
  let wake: (() => void) | undefined
  return {
    look: () => {
      isAsked = true
      wake?.()
    },
    asked: Effect.map(
      Effect.async<void>((resume) => {
        if (isAsked) return resume(Effect.void)
        wake = () => resume(Effect.void)
      }),
      () => {
        isAsked = false
        wake = undefined
      }
    )
  }
}
