/** The signals that runs of this process wait for. They are in the run store, where any process may put them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type { RunWait } from "../../../Contract/RunRecord.js"
import type { Issue } from "../../../Errors/Issue.js"
import * as Spec from "../../../Snapshot/Spec.js"
import { RunStore, type Signal } from "../../../Store/RunStore.js"
import * as ValidationIssues from "../ValidationIssues.js"

/** The check of the body of a signal by the Schema of the wait. */
export type Check = (data: unknown) => Effect.Effect<unknown, ParseResult.ParseIssue>

/** A wait of a run for a signal. */
export interface Wait {
  readonly runId: string
  readonly name: string
  readonly check: Check
  readonly schema: Schema.Schema.All
  /** Called when a signal may be there. */
  readonly look: () => void
}

/** A signal on its way to a run. */
export interface NewSignal {
  readonly runId: string
  readonly name: string
  readonly data: unknown
}

export class RunSignals extends Context.Tag("effect-deployers/Server/RunSignals")<
  RunSignals,
  {
    /** Calls `look` at once, and whenever a signal may be there, until the returned function is called. */
    readonly wait: (wait: Wait) => () => void
    /** The first stored signal after a sequence. A store that cannot be read is read again. */
    readonly next: (options: {
      readonly runId: string
      readonly name: string
      readonly after: number
    }) => Effect.Effect<Option.Option<Signal>>
    /** The signals that a run waits for in this process. */
    readonly waitsOf: (runId: string) => ReadonlyArray<RunWait>
    /** Has the waits of a run look for their signals. */
    readonly nudge: (runId: string) => void
    /** The problems of the body of a signal by its wait; none if the run does not wait for it in this process. */
    readonly problems: (signal: NewSignal) => Effect.Effect<ReadonlyArray<Issue> | undefined>
  }
>() {}

/**
 * Looks four times a second, while runs wait, whether any run was sent a signal.
 */
export const layer: Layer.Layer<RunSignals, never, RunStore> = Layer.scoped(
  RunSignals,
  Effect.gen(function* () {
    const store = yield* RunStore
    const waits = new Map<string, Set<Wait>>()
    let last = beforeAll
    const nudge = (runId: string) => {
      for (const { look } of waits.get(runId) ?? []) look()
    }
    const poll = Effect.map(
      Effect.suspend(() => store.signalled(last)),
      ({ last: latest, runIds }) => {
        if (last === beforeAll) for (const runId of waits.keys()) nudge(runId)
        else runIds.forEach(nudge)
        last = latest
      }
    )
    const look = Effect.when(Effect.ignore(poll), () => waits.size > 0)
    yield* Effect.forkScoped(Effect.schedule(look, Schedule.spaced("250 millis")))

    const next: Context.Tag.Service<RunSignals>["next"] = (options) =>
      Effect.catchAll(store.nextSignal(options), () => Effect.delay(next(options), "250 millis"))
    return {
      wait: (wait) => {
        const known = waits.get(wait.runId) ?? new Set()
        waits.set(wait.runId, known.add(wait))
        wait.look()
        return () => {
          known.delete(wait)
          if (known.size === 0) waits.delete(wait.runId)
        }
      },
      next,
      waitsOf: (runId) => Array.from(waits.get(runId) ?? [], describe),
      nudge,
      problems: ({ data, name, runId }) => {
        const wait = [...(waits.get(runId) ?? [])].find((wait) => wait.name === name)
        if (wait === undefined) return Effect.succeed(undefined)
        return Effect.match(wait.check(data), {
          onFailure: (issue) => ValidationIssues.fromParseIssue(issue),
          onSuccess: () => []
        })
      }
    }
  })
)

// internal

const describe = ({ name, schema }: Wait): RunWait => ({
  signal: name,
  ...Option.match(Spec.jsonSchemaOf(schema), { onNone: () => ({}), onSome: (schema) => ({ schema }) })
})

/** The first look finds the sequence after which signals are new; until then every wait looks for itself. */
const beforeAll = -1
