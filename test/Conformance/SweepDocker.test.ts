/** The same on the engine that runs nothing, where each request and each access to a file is a step. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"
import { patience, say, told } from "./Report.js"

const worlds = Simulation.worldsOf(Simulation.docker)

it.live(
  "recovers from every single fault at every request, file or row",
  () =>
    Effect.gen(function* () {
      const { byScenario, cases } = yield* Simulation.sweepAll(worlds, { stride: 13 })
      yield* say(`${cases} single faults, Docker: ${told(byScenario)}`)
      assert.isAtLeast(cases, 400)
      for (const [scenario, count] of byScenario) assert.isAbove(count, 0, scenario)
    }),
  patience
)

it.live(
  "recovers when another fault happens during the recovery from the first",
  () =>
    Effect.gen(function* () {
      const { cases } = yield* Simulation.doubles(worlds, { count: 60 })
      yield* say(`${cases} double faults, Docker`)
    }),
  patience
)
