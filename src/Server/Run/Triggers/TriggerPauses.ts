/** The triggers of a service and their pauses, which all workers and versions share by the run store. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type ServiceUnavailable, TriggerNotFound } from "../../../Contract/Errors.js"
import type { TriggerStatus } from "../../../Contract/Triggers.js"
import type { Trigger } from "../../../Pipeline/Triggers.js"
import { RunStore } from "../../../Store/RunStore.js"
import * as RunRecorder from "../Records/RunRecorder.js"

export class TriggerPauses extends Context.Tag("effect-deployers/Server/TriggerPauses")<
  TriggerPauses,
  {
    readonly list: Effect.Effect<ReadonlyArray<TriggerStatus>, ServiceUnavailable>
    readonly setPaused: (
      name: string,
      isPaused: boolean
    ) => Effect.Effect<TriggerStatus, TriggerNotFound | ServiceUnavailable>
    /** True for a trigger that pulls no messages, and for every one until the pauses are known. */
    readonly isPaused: (name: string) => boolean
    /** Reads the pauses, and follows those of other processes, within a second, while the scope lives. */
    readonly keepLooking: Effect.Effect<void, never, Scope.Scope>
  }
>() {}

/** Makes the pauses of the triggers of a pipeline. */
export const layer = (triggers: ReadonlyArray<Trigger>): Layer.Layer<TriggerPauses, never, RunStore> =>
  Layer.effect(
    TriggerPauses,
    Effect.gen(function* () {
      const store = (yield* RunStore).schedules
      let paused: ReadonlySet<string> | undefined
      const look = Effect.map(store.find(triggers.map(rowOf)), (rows) => {
        paused = new Set(rows.flatMap((row) => (row.isPaused ? [row.name] : [])))
      })
      const isPaused = (name: string) => paused === undefined || paused.has(rowOf({ name }))
      const statuses = () => triggers.map((trigger) => statusOf(trigger, isPaused(trigger.name)))
      const lookOn = Effect.catchAll(look, (error) =>
        Effect.logWarning(`The pauses of triggers could not be read: ${error.message}`)
      )
      return {
        list: Effect.map(RunRecorder.orUnavailable(look), statuses),
        setPaused: (name, isPaused) =>
          Effect.gen(function* () {
            if (!triggers.some((trigger) => trigger.name === name)) return yield* notFound(name)
            const row = rowOf({ name })
            const change = Effect.zipRight(
              store.register({ name: row, cron: "", nextAt: 0 }),
              store.pause(row, { isPaused, nextAt: 0 })
            )
            yield* RunRecorder.orUnavailable(Effect.zipRight(change, look))
            return statuses().find((status) => status.name === name) ?? (yield* notFound(name))
          }),
        isPaused,
        keepLooking: Effect.asVoid(Effect.forkScoped(Effect.repeat(lookOn, Schedule.spaced("1 second"))))
      }
    })
  )

// internal

/** A trigger is paused like a schedule, in a row of the same table. No schedule has a name with a colon. */
const rowOf = ({ name }: Pick<Trigger, "name">): string => `trigger:${name}`

const notFound = (trigger: string) =>
  new TriggerNotFound({ message: "The pipeline of this deployment has no trigger of that name.", trigger })

const statusOf = ({ ackOn, concurrency, maxAttempts, name }: Trigger, isPaused: boolean): TriggerStatus => ({
  name,
  ackOn,
  concurrency,
  maxAttempts,
  isPaused
})
