/** Many lives at once: none may break a law, and together they must have tried what they are for. */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { describe } from "./Commands.js"
import { shrink } from "./Shrink.js"
import { type Lived, live } from "./Simulate.js"
import type { Worlds } from "./SimulatedCluster.js"

/**
 * A life in which a law was broken, and how to live it again.
 *
 * @category errors
 * @since 0.1.0
 */
export class BrokenLaw extends Schema.TaggedError<BrokenLaw>()("BrokenLaw", {
  flavor: Schema.String,
  seed: Schema.Int,
  violations: Schema.Array(Schema.String),
  life: Schema.String,
  /** The commands that are enough. */
  commands: Schema.Array(Schema.String),
  /** The changes that the commands made to registry and engine. */
  log: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return [
      `Seed ${this.seed} (${this.flavor}) breaks ${this.violations.join("; ")}`,
      `Again: EFFECT_DEPLOYERS_SEED=${this.seed}. ${this.life}`,
      ...this.commands.map((command) => `  ${command}`),
      "What was done:",
      ...this.log.map((line) => `  ${line}`)
    ].join("\n")
  }
}

/**
 * The lives did not try what they are for, so that nothing was broken says nothing.
 *
 * @category errors
 * @since 0.1.0
 */
export class Uninformative extends Schema.TaggedError<Uninformative>()("Uninformative", {
  flavor: Schema.String,
  missing: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `The lives of ${this.flavor} never had: ${this.missing.join(", ")}. Live more of them, or other ones.`
  }
}

/**
 * The summary of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface Summary {
  readonly lives: number
  readonly commands: number
  /** Virtual time, in seconds. */
  readonly seconds: number
  /** The number of times that each event happened. */
  readonly happened: ReadonlyMap<string, number>
}

/**
 * Which lives a batch has. The environment may say otherwise: `EFFECT_DEPLOYERS_SEED` is one seed to live alone,
 * `EFFECT_DEPLOYERS_SEEDS` how many lives there are.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchOptions {
  readonly count: number
  /** The first seed; default 1. */
  readonly from?: number | undefined
  /** The events that must happen at least once in a whole batch, as keys of the summary. */
  readonly sometimes?: ReadonlyArray<string> | undefined
}

/**
 * Lives all lives of a batch, one after the other; a failing one is shortened and described.
 *
 * @example
 * ```ts
 * import { Simulation } from "effect-deployers/Conformance"
 *
 * const fifty = Simulation.batch(Simulation.worldsOf(Simulation.inMemory), { count: 50 })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const batch = (
  worlds: Worlds,
  options: BatchOptions
): Effect.Effect<Summary, BrokenLaw | Uninformative | ConfigError> =>
  Effect.gen(function* () {
    const only = yield* Config.option(Config.integer("EFFECT_DEPLOYERS_SEED"))
    const count = yield* Config.withDefault(Config.integer("EFFECT_DEPLOYERS_SEEDS"), options.count)
    const from = Option.getOrElse(only, () => options.from ?? 1)
    const happened = new Map<string, number>()
    const summary = { lives: 0, commands: 0, seconds: 0, happened }
    for (let seed = from; seed < from + (Option.isSome(only) ? 1 : count); seed++) {
      const lived = yield* live(worlds, seed)
      if (lived.violations.length > 0) return yield* Effect.flatMap(broken(worlds, lived), Effect.fail)
      summary.lives += 1
      summary.commands += lived.life.commands.length
      summary.seconds += lived.seconds
      for (const [what, times] of lived.happened) happened.set(what, (happened.get(what) ?? 0) + times)
    }
    const missing = (options.sometimes ?? []).filter((what) => !happened.has(what))
    return missing.length > 0 && Option.isNone(only)
      ? yield* new Uninformative({ flavor: worlds.flavor, missing })
      : summary
  })

// internal

const broken = (worlds: Worlds, lived: Lived): Effect.Effect<BrokenLaw> =>
  Effect.map(shrink(worlds, lived), ({ life, log, violations }) => {
    const { buggify, oneMachine, seed } = life
    const trouble = buggify === undefined ? "nothing goes wrong at random" : `trouble ${JSON.stringify(buggify)}`
    return new BrokenLaw({
      flavor: worlds.flavor,
      seed,
      violations: violations.map(({ message }) => message),
      life: `${oneMachine ? "One machine" : "Two machines"}, ${trouble}.`,
      commands: life.commands.map(describe),
      log
    })
  })
