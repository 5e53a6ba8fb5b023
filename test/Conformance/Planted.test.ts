/** The apparatus has to find bugs that are planted, and nothing where none is. */
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Simulation } from "effect-deployers/Conformance"

import { say } from "./Report.js"

const worlds = Simulation.worldsOf(Simulation.inMemory)
const rounds = 50

it("has at least 25 bugs to plant", () => assert.isAtLeast(Simulation.plantedBugs.length, 25))

for (const sabotage of Simulation.plantedBugs) {
  it.live(`finds: ${sabotage.name}`, () =>
    Effect.gen(function* () {
      const caught = yield* Simulation.hunt(worlds, sabotage, { rounds })
      assert.isTrue(Option.isSome(caught), `not found in ${rounds} lives and ${3 * rounds} cases`)
      const { by, tries, violation } = Option.getOrThrow(caught)
      yield* say(`found after ${tries} tries, ${by}: ${violation}`)
    })
  )
}

it.live("finds nothing where no bug was planted", () =>
  Effect.gen(function* () {
    const caught = yield* Simulation.hunt(worlds, undefined, { rounds })
    assert.isTrue(Option.isNone(caught), JSON.stringify(caught))
  })
)
