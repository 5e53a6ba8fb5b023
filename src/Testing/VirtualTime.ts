/**
 * Programs in virtual time: whenever every fiber waits, the clock moves to the time at which the next fiber wakes. Hours
 * pass in milliseconds, and the outcome depends on the seed alone.
 *
 * **Details**
 *
 * `TestClock` is moved by the test and gives fibers real time to settle with every move; that is right for single tests
 * and too slow for thousands of simulated lives. Here the scheduler is replaced too, so that it knows when every fiber waits,
 * and with a seed it draws the order of the fibers that are ready.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import type { Scheduler, Task } from "effect/Scheduler"
import * as Schema from "effect/Schema"
import { PCGRandom } from "effect/Utils"

/**
 * The time a program runs in.
 *
 * @category services
 * @since 0.1.0
 */
export class VirtualTime extends Context.Tag("effect-deployers/Testing/VirtualTime")<
  VirtualTime,
  {
    /** The duration of the program so far, in milliseconds; jumps of the clock do not count. */
    readonly elapsed: Effect.Effect<number>
    /** Sets the clock forward, or back when negative, as an administrator might. Sleeping fibers sleep as long as before. */
    readonly jump: (millis: number) => Effect.Effect<void>
  }
>() {}

/**
 * Every fiber waits and none will wake, or the program took longer than its limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class Stalled extends Schema.TaggedError<Stalled>()("Stalled", {
  reason: Schema.Literal("no fiber wakes", "limit"),
  elapsedMillis: Schema.Number
}) {
  override get message(): string {
    const after = `after ${Math.round(this.elapsedMillis / 1_000)} s of virtual time`
    return this.reason === "limit"
      ? `The program had not ended ${after}.`
      : `Every fiber waits ${after}, and nothing will wake one.`
  }
}

/**
 * Options of a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Seed of `Random` and, with `shuffled`, of the order of fibers; default 0. */
  readonly seed?: number | undefined
  /** Draws the order of fibers that are ready; default `false`, which keeps the order of their readiness. */
  readonly shuffled?: boolean | undefined
  /** The virtual time that the program may take; default 10 days. */
  readonly limit?: Duration.DurationInput | undefined
  /** The time of the clock at the start, in milliseconds since the epoch; default a day in 2026. */
  readonly start?: number | undefined
}

/**
 * Runs a program in a time of its own.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { VirtualTime } from "effect-deployers/Testing"
 *
 * const aDayLater = VirtualTime.run(Effect.as(Effect.sleep("1 day"), "woke up"))
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: Options = {}
): Effect.Effect<A, E | Stalled, Exclude<R, VirtualTime>> =>
  Effect.flatMap(Effect.runtime<Exclude<R, VirtualTime>>(), (runtime) =>
    Effect.flatten(
      Effect.async<Exit.Exit<A, E | Stalled>>((resume) => {
        const random = new PCGRandom(options.seed ?? 0)
        const tasks = new Tasks(options.shuffled === true ? random : undefined)
        const clock = new VirtualClock(options.start ?? startOfTime)
        const time = {
          elapsed: Effect.sync(() => clock.elapsed),
          jump: (by: number) => Effect.sync(() => clock.jump(by))
        }
        // Excluding the service from R and adding it again is R.
        const provided = Effect.provideService(program, VirtualTime, time) as Effect.Effect<
          A,
          E,
          Exclude<R, VirtualTime>
        >
        const fiber = Runtime.runFork(runtime)(
          provided.pipe(Effect.withClock(clock), Effect.withRandom(Random.make(options.seed ?? 0))),
          { scheduler: tasks }
        )
        let over = false
        const end = (exit: Exit.Exit<A, E | Stalled>) => {
          if (over) return
          over = true
          resume(Effect.succeed(exit))
        }
        fiber.addObserver(end)
        const limit = Duration.toMillis(options.limit ?? "10 days")
        const turn = () => {
          if (over) return
          tasks.drain()
          // Promises settle between two turns of the event loop; what they wake comes first.
          setImmediate(() => {
            if (over) return
            if (!tasks.isEmpty || clock.halts > 0) return turn()
            const stalled = clock.advance(limit)
            if (Option.isNone(stalled)) return turn()
            end(Exit.fail(new Stalled({ reason: stalled.value, elapsedMillis: clock.elapsed })))
          })
        }
        turn()
        return Effect.suspend(() => {
          over = true
          return Effect.zipRight(
            Effect.sync(() => tasks.release()),
            Effect.asVoid(Fiber.interruptFork(fiber))
          )
        })
      })
    )
  )

/**
 * An effect that waits for the world outside, such as a disk or a child process. In virtual time the clock stands still
 * until it has ended; in other times it is the effect itself.
 *
 * @category running
 * @since 0.1.0
 */
export const inRealTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    clock instanceof VirtualClock
      ? Effect.acquireUseRelease(
          Effect.sync(() => clock.halts++),
          () => effect,
          () => Effect.sync(() => clock.halts--)
        )
      : effect
  )

// internal

const startOfTime = Date.UTC(2026, 0, 5, 9)

/** Those who can go on. A fiber that has run for long lets the others go first. */
class Tasks implements Scheduler {
  private readonly ready: Array<Task> = []
  private released = false
  constructor(private readonly random: PCGRandom | undefined) {}

  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    return fiber.currentOpCount > 2_048 ? 0 : false
  }

  scheduleTask(task: Task): void {
    if (this.released) setImmediate(task)
    else this.ready.push(task)
  }

  get isEmpty(): boolean {
    return this.ready.length === 0
  }

  drain(): void {
    for (let task = this.take(); task !== undefined; task = this.take()) task()
  }

  /** The remaining tasks continue in real time, so that an interrupted program can clean up. */
  release(): void {
    this.released = true
    for (const task of this.ready.splice(0)) setImmediate(task)
  }

  private take(): Task | undefined {
    if (this.random === undefined || this.ready.length < 2) return this.ready.shift()
    return this.ready.splice(this.random.integer(this.ready.length), 1)[0]
  }
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

class VirtualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  elapsed = 0
  /** Effects that wait for the world outside. */
  halts = 0
  private offset = 0
  private readonly sleepers: Array<Sleeper> = []
  readonly currentTimeMillis = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos = Effect.sync(() => this.unsafeCurrentTimeNanos())
  constructor(private readonly start: number) {}

  unsafeCurrentTimeMillis(): number {
    return this.start + this.elapsed + this.offset
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(this.unsafeCurrentTimeMillis()) * 1_000_000n
  }

  jump(millis: number): void {
    this.offset += millis
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async((resume) => {
      const sleeper = { at: this.elapsed + Math.ceil(Duration.toMillis(duration)), wake: () => resume(Effect.void) }
      const later = this.sleepers.findIndex(({ at }) => at > sleeper.at)
      this.sleepers.splice(later < 0 ? this.sleepers.length : later, 0, sleeper)
      return Effect.sync(() => {
        const index = this.sleepers.indexOf(sleeper)
        if (index >= 0) this.sleepers.splice(index, 1)
      })
    })
  }

  /** Goes on to when the next ones wake, and wakes them; says why if that cannot be. */
  advance(limit: number): Option.Option<Stalled["reason"]> {
    const next = this.sleepers[0]
    if (next === undefined || !Number.isFinite(next.at)) return Option.some("no fiber wakes")
    if (next.at > limit) return Option.some("limit")
    this.elapsed = next.at
    while (this.sleepers[0] !== undefined && this.sleepers[0].at <= this.elapsed) this.sleepers.shift()?.wake()
    return Option.none()
  }
}
