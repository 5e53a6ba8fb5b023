/** Every operation of the in-memory deployer broken off at its steps. `EFFECT_DEPLOYERS_STRIDE=1` takes all of them. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"
import { patience, say, told } from "./Report.js"

const worlds = Simulation.worldsOf(Simulation.inMemory)

it.live(
  "recovers from every single fault at every step",
  () =>
    Effect.gen(function* () {
      const { byScenario, cases } = yield* Simulation.sweepAll(worlds, { stride: 7 })
      yield* say(`${cases} single faults, in memory: ${told(byScenario)}`)
      assert.isAtLeast(cases, 400)
      assert.strictEqual(byScenario.size, Simulation.scenarios.length)
    }),
  patience
)

it.live(
  "recovers when another fault happens during the recovery from the first",
  () =>
    Effect.gen(function* () {
      const { cases } = yield* Simulation.doubles(worlds, { count: 70 })
      yield* say(`${cases} double faults, in memory`)
    }),
  patience
)
