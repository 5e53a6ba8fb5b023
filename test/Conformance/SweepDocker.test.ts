/** The same on the engine that runs nothing, where each request and each access to a file is a step. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"
import { patience, say, told } from "./Report.js"

const worlds = Simulation.worldsOf(Simulation.docker)
const worldsWithDoors = Simulation.worldsOf(Simulation.dockerWithDoors)

it.live(
  "recovers from every single fault at every request, file or row",
  () =>
    Effect.gen(function* () {
      const { byScenario, cases } = yield* Simulation.sweepAll(worlds, { stride: 43 })
      yield* say(`${cases} single faults, Docker: ${told(byScenario)}`)
      assert.isAtLeast(cases, 150)
      for (const [scenario, count] of byScenario) assert.isAbove(count, 0, scenario)
    }),
  patience
)

it.live(
  "recovers from every single fault with doors",
  () =>
    Effect.gen(function* () {
      const { byScenario, cases } = yield* Simulation.sweepAll(worldsWithDoors, { stride: 223 })
      yield* say(`${cases} single faults, Docker with doors: ${told(byScenario)}`)
      assert.isAtLeast(cases, 40)
    }),
  patience
)

it.live(
  "recovers when another fault happens during the recovery from the first",
  () =>
    Effect.gen(function* () {
      const { cases } = yield* Simulation.doubles(worlds, { count: 40 })
      yield* say(`${cases} double faults, Docker`)
    }),
  patience
)
