/**
 * The intake of the service at this moment: open, paused, or in maintenance. A service with a file of the intake looks at
 * most ten times a second, at a request, whether the file has changed. While runs wait for the end of a pause, it looks by
 * itself.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberHandle from "effect/FiberHandle"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { IntakeFile, intakeMaxAgeMillis } from "../../Contract/Intake.js"
import type { Manifest } from "../../Contract/Manifest.js"
import type { Intake as State } from "../../Deployment/Intake.js"
import * as WatchedFile from "./WatchedFile.js"

/** The intake of a service. */
export class Intake extends Context.Tag("effect-deployers/Server/Intake")<
  Intake,
  {
    /** The intake now; none if the service accepts runs. A plain function, because every request reads it. */
    readonly now: () => State | undefined
    /** Calls a function at each change, at the latest a tenth of a second after the end of a pause. */
    readonly onChange: (listener: (state: State | undefined) => void) => void
  }
>() {}

/** The source of the intake of a service; `undefined` if it is the same as at the last call. */
export interface Source {
  readonly changed: () => { readonly contents: State | undefined } | undefined
  /** Calls a function at each change, if the source knows, until the returned function is called. */
  readonly watch?: (look: () => void) => () => void
}

/** Reads the file of the intake. Services without a file accept runs, and tests give another source. */
export class IntakeSource extends Context.Reference<IntakeSource>()("effect-deployers/Server/IntakeSource", {
  defaultValue: () => ({
    of: ({ intakeFile }: Manifest): Source =>
      intakeFile === undefined ? { changed: () => undefined } : file(intakeFile)
  })
}) {}

/** The intake of the service in a manifest. */
export const layer = (manifest: Manifest): Layer.Layer<Intake> =>
  Layer.scoped(
    Intake,
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      const source = (yield* IntakeSource).of(manifest)
      const watch = watched(source, clock)
      const unwatch = source.watch?.(watch.look)
      yield* Effect.addFinalizer(() => Effect.sync(() => unwatch?.()))
      const run = yield* FiberHandle.makeRuntime<never>()
      const looking = Effect.repeat(Effect.sync(watch.look), {
        schedule: Schedule.spaced(intakeMaxAgeMillis),
        while: (state) => state?._tag === "Paused"
      })
      watch.onChange((state) => {
        if (state?._tag === "Paused") run(looking)
      })
      return { now: watch.now, onChange: watch.onChange }
    })
  )

// internal

const watched = (source: Source, clock: Clock.Clock) => {
  const listeners: Array<(state: State | undefined) => void> = []
  let state: State | undefined
  let endsAt = noEnd
  let lookedAt = Number.NEGATIVE_INFINITY
  const become = (next: State | undefined) => {
    if (state === undefined && next === undefined) return
    state = next
    for (const listener of listeners) listener(next)
  }
  const look = (): State | undefined => {
    lookedAt = clock.unsafeCurrentTimeMillis()
    const changed = source.changed()
    if (changed !== undefined) {
      endsAt = endOf(changed.contents, clock)
      become(clock.unsafeCurrentTimeNanos() < endsAt ? changed.contents : undefined)
    } else if (state !== undefined && clock.unsafeCurrentTimeNanos() >= endsAt) become(undefined)
    return state
  }
  return {
    look,
    now: (): State | undefined => {
      const now = clock.unsafeCurrentTimeMillis()
      return now - lookedAt < intakeMaxAgeMillis && now >= lookedAt ? state : look()
    },
    onChange: (listener: (state: State | undefined) => void): void => void listeners.push(listener)
  }
}

const noEnd = 2n ** 63n

/** The end of a pause on the monotonic clock: a system time that is set back does not make a pause longer. */
const endOf = (state: State | undefined, clock: Clock.Clock): bigint => {
  if (state?._tag !== "Paused") return noEnd
  const left = DateTime.toEpochMillis(state.until) - clock.unsafeCurrentTimeMillis()
  const most = Duration.toMillis(DateTime.distanceDuration(state.since, state.until))
  return clock.unsafeCurrentTimeNanos() + BigInt(Math.round(Math.min(left, most))) * 1_000_000n
}

const file = (path: string): Source => {
  const watched = WatchedFile.make(path, decode, { contents: undefined })
  return { changed: () => watched.changed() }
}

const decode = (text: string) => Either.map(decodeFile(text), ({ intake }) => intake)

const decodeFile = Schema.decodeUnknownEither(Schema.parseJson(IntakeFile))
