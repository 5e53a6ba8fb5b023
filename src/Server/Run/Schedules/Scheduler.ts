/**
 * Starts the runs of the schedules of a pipeline. Each process of a deployment looks, and the run store lets one of them
 * claim a firing, so it has one run.
 */

import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { ScheduleNotFound, type ServiceUnavailable } from "../../../Contract/Errors.js"
import * as RunEvent from "../../../Contract/RunEvent.js"
import type { ScheduleStatus } from "../../../Contract/Schedules.js"
import type { StoreError } from "../../../Errors/Stores.js"
import type * as Schedules from "../../../Pipeline/Schedules.js"
import { Ids } from "../../../Store/Ids.js"
import { RunStore } from "../../../Store/RunStore.js"
import type { FiringClaim, ScheduleRecord } from "../../../Store/ScheduleStore.js"
import { Invocation, Lifecycle } from "../Invocation.js"
import * as RunRecorder from "../Records/RunRecorder.js"
import type * as Response from "../Response.js"
import * as ScheduleTimes from "./ScheduleTimes.js"

/** The schedules of a service. */
export class Scheduler extends Context.Tag("effect-deployers/Server/Scheduler")<
  Scheduler,
  {
    readonly list: Effect.Effect<ReadonlyArray<ScheduleStatus>, ServiceUnavailable>
    readonly setPaused: (
      name: string,
      isPaused: boolean
    ) => Effect.Effect<ScheduleStatus, ScheduleNotFound | ServiceUnavailable>
    /** Starts a run now, and returns its id when it is claimed. */
    readonly fire: (name: string) => Effect.Effect<string, ScheduleNotFound | ServiceUnavailable>
    /** Looks for firings while the scope lives. */
    readonly keepFiring: Effect.Effect<void, never, Scope.Scope>
  }
>() {}

/** Makes the scheduler of a pipeline. A pipeline without schedules costs nothing. */
export const layer = (
  schedules: ReadonlyArray<Schedules.Schedule>
): Layer.Layer<Scheduler, never, Ids | Invocation | Lifecycle | RunStore> =>
  Layer.scoped(
    Scheduler,
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const woken = yield* Queue.sliding<void>(1)
      const context = yield* Effect.context<Ids | Invocation | Lifecycle | RunStore>()
      const store = Context.get(context, RunStore).schedules
      const names = schedules.map(({ name }) => name)
      const named = (name: string) =>
        Option.match(Option.fromNullable(schedules.find((schedule) => schedule.name === name)), {
          onNone: () => Effect.fail(notFound(name)),
          onSome: Effect.succeed
        })
      const list = Effect.map(RunRecorder.orUnavailable(store.find(names)), (records) =>
        schedules.flatMap((schedule) =>
          records.filter(({ name }) => name === schedule.name).map((record) => statusOf(schedule, record))
        )
      )
      const start = (claims: ReadonlyArray<FiringClaim>) =>
        Effect.forkIn(Effect.provide(startAll(schedules, claims), context), scope)
      return {
        list,
        setPaused: (name, isPaused) =>
          Effect.gen(function* () {
            const schedule = yield* named(name)
            const nextAt = schedule.next(yield* Clock.currentTimeMillis)
            yield* RunRecorder.orUnavailable(store.pause(name, { isPaused, nextAt }))
            yield* Queue.offer(woken, undefined)
            const status = (yield* list).find((one) => one.name === name)
            return status ?? (yield* notFound(name))
          }),
        fire: (name) =>
          Effect.gen(function* () {
            yield* named(name)
            const claim = { name, dueAt: yield* Clock.currentTimeMillis, runId: yield* Context.get(context, Ids).next }
            yield* RunRecorder.orUnavailable(store.fire(claim))
            yield* start([claim])
            return claim.runId
          }),
        keepFiring:
          schedules.length === 0 ? Effect.void : Effect.provide(keepFiring(schedules, Queue.take(woken)), context)
      }
    })
  )

// internal

const notFound = (schedule: string) =>
  new ScheduleNotFound({ message: "The pipeline of this deployment has no schedule of that name.", schedule })

const statusOf = (schedule: Schedules.Schedule, { firings, isPaused, nextAt }: ScheduleRecord): ScheduleStatus => ({
  name: schedule.name,
  cron: schedule.cron,
  input: schedule.input,
  missed: schedule.missed,
  overlap: schedule.overlap,
  isPaused,
  ...(isPaused ? {} : { nextAt: DateTime.unsafeMake(nextAt) }),
  firings
})

/** The longest sleep: another process may move the next time, and a clock may be set. */
const longestMillis = 10_000

/** The wait after a look that failed: an outage delays a firing by no more. */
const failedMillis = 2_000

/** A process that claimed a firing has started its run by then, or it is dead. */
const claimMillis = 60_000

const keepFiring = (
  schedules: ReadonlyArray<Schedules.Schedule>,
  woken: Effect.Effect<void>
): Effect.Effect<void, never, Ids | Invocation | Lifecycle | RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    const { phase } = yield* Lifecycle
    const store = (yield* RunStore).schedules
    const register = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.forEach(schedules, ({ cron, name, next }) => store.register({ name, cron, nextAt: next(now) }), {
        discard: true
      })
    )
    const ready = Effect.suspend(() => (phase() === "ready" ? pass(schedules) : Effect.succeed(longestMillis)))
    const look = Effect.catchAll(ready, (error) =>
      Effect.as(Effect.logWarning(`The schedules could not be read: ${error.message}`), failedMillis)
    )
    const wait = (millis: number) => Effect.raceFirst(Effect.sleep(millis), woken)
    const again = Effect.repeat(Effect.flatMap(look, wait), Schedule.forever)
    const registered = Effect.retry(register, Schedule.spaced("1 second"))
    yield* Effect.forkScoped(Effect.zipRight(registered, again))
  })

/** Starts what is due, and returns the milliseconds until the next look. */
const pass = (
  schedules: ReadonlyArray<Schedules.Schedule>
): Effect.Effect<number, StoreError, Ids | Invocation | RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    const store = (yield* RunStore).schedules
    const now = yield* Clock.currentTimeMillis
    const names = schedules.map(({ name }) => name)
    const lost = yield* store.reclaim({ names, afterMillis: claimMillis })
    if (lost.length > 0) yield* Effect.forkScoped(startAll(schedules, lost))
    const records = yield* store.find(names)
    const waits = yield* Effect.forEach(records, (record) => {
      const schedule = schedules.find(({ cron, name }) => name === record.name && cron === record.cron)
      return schedule === undefined || record.isPaused ? Effect.succeed(longestMillis) : fireDue(schedule, record, now)
    })
    return Math.min(longestMillis, ...waits)
  })

const fireDue = (
  schedule: Schedules.Schedule,
  { nextAt: expected }: ScheduleRecord,
  now: number
): Effect.Effect<number, StoreError, Ids | Invocation | RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    if (expected > now) return expected - now
    const { next } = yield* Ids
    const store = (yield* RunStore).schedules
    const { cron, name, overlap } = schedule
    const nextAt = schedule.next(now)
    const times = ScheduleTimes.due(schedule, expected, now)
    const firings = yield* Effect.forEach(times, (dueAt) => Effect.map(next, (runId) => ({ dueAt, runId })))
    const claims = yield* store.claim({ name, cron, expected, nextAt, firings, overlap })
    if (claims.length > 0) yield* Effect.forkScoped(startAll([schedule], claims))
    return nextAt - now
  })

/** Starts the runs of claims in their order. Without `overlap` each one waits for the end of the one before. */
const startAll = (
  schedules: ReadonlyArray<Schedules.Schedule>,
  claims: ReadonlyArray<FiringClaim>
): Effect.Effect<void, never, Invocation | RunStore> =>
  Effect.forEach(
    claims,
    (claim, index) => {
      const schedule = schedules.find(({ name }) => name === claim.name)
      if (schedule === undefined) return Effect.void
      const isLast = index === claims.length - 1
      return Effect.zipRight(startOne(schedule, claim), schedule.overlap || isLast ? Effect.void : ended(claim.runId))
    },
    { discard: true }
  )

/** A service that has no room refuses the run, and takes it a moment later. */
const startOne = (
  { input, name }: Schedules.Schedule,
  claim: FiringClaim
): Effect.Effect<void, never, Invocation | RunStore> =>
  Effect.gen(function* () {
    const { invoke } = yield* Invocation
    const store = (yield* RunStore).schedules
    const due = DateTime.formatIso(DateTime.unsafeMake(claim.dueAt))
    const text = JSON.stringify({ parameters: input, runName: `${name} ${due}` })
    const body = { value: JSON.parse(text) as unknown, text, isPlain: !text.includes("\\") }
    const key = `schedule:${name}:${claim.dueAt}`
    const options = { isDetached: true, onAccepted: undefined, claim: { runId: claim.runId, key } }
    const accepted: Effect.Effect<Response.Response> = Effect.flatMap(invoke(body, options), (answer) =>
      answer.status === 429 || answer.status === 503 ? Effect.delay(accepted, "1 second") : Effect.succeed(answer)
    )
    const answer = yield* accepted
    if (answer.status !== 202) {
      yield* Effect.logError(`The schedule "${name}" could not start a run: ${answer.body}`)
    }
    yield* Effect.ignore(store.started(claim))
  })

/** Waits for the end of a run, in any process. */
const ended = (runId: string): Effect.Effect<void, never, RunStore> =>
  Effect.flatMap(RunStore, (store) =>
    Effect.repeat(Effect.option(store.find(runId)), {
      while: (found) => Option.exists(Option.flatten(found), ({ status }) => RunEvent.isGoing(status)),
      schedule: Schedule.spaced("250 millis")
    })
  ).pipe(Effect.asVoid)
