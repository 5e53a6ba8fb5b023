/** The simulation itself: the same seed is the same life, and a failure is reported and shortened. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"

const worlds = Simulation.worldsOf(Simulation.inMemory)

const sabotaged = (name: string) => {
  const sabotage = Simulation.plantedBugs.find((bug) => bug.name === name)
  if (sabotage === undefined) throw new Error(`no bug is called ${name}`)
  return { ...worlds, make: (options = {}) => worlds.make({ ...options, sabotage }) }
}

it.live("a seed is a life: the same commands, the same deeds at the same times", () =>
  Effect.gen(function* () {
    for (const seed of [1, 2, 3, 5, 8]) {
      const one = yield* Simulation.live(worlds, seed)
      const two = yield* Simulation.live(worlds, seed)
      assert.deepStrictEqual(two.life, one.life)
      assert.deepStrictEqual(two.log, one.log)
      assert.deepStrictEqual(Array.from(two.happened), Array.from(one.happened))
    }
  })
)

it.live("a broken law is reported with its seed, the violation, and the few commands that are enough", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Simulation.batch(sabotaged("the old instance is stopped first"), { count: 20 }))
    assert.strictEqual(error._tag, "BrokenLaw")
    if (error._tag !== "BrokenLaw") return
    assert.isAtMost(error.commands.length, 4)
    assert.include(error.message, `EFFECT_DEPLOYERS_SEED=${error.seed}`)
    assert.match(error.violations.join(), /^I4 /)
    assert.include(error.log.join(), "begin provision")
  })
)

it.live("lives that never tried what they are for are refused", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Simulation.batch(worlds, { count: 1, sometimes: ["the moon is full"] }))
    assert.deepInclude({ ...error }, { _tag: "Uninformative", missing: ["the moon is full"] })
  })
)

it.live("a sweep reports the cases that break a law", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Simulation.sweepAll(sabotaged("a failed change changes the key"), { stride: 120 }))
    assert.strictEqual(error._tag, "BrokenCases")
    assert.include(error.message, "I5")
    assert.include(error.message, "replace by a bad one")
  })
)
