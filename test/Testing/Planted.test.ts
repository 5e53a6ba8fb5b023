/** The apparatus has to find bugs that are planted, and nothing where none is. */
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Simulation } from "effect-deployers/Testing"

const worlds = Simulation.worldsOf(Simulation.inMemory)
const rounds = 50

const found: Array<string> = []

for (const sabotage of Simulation.plantedBugs) {
  it.live(`finds: ${sabotage.name}`, () =>
    Effect.gen(function* () {
      const caught = yield* Simulation.hunt(worlds, sabotage, { rounds })
      assert.isTrue(Option.isSome(caught), `not found in ${rounds} lives and ${3 * rounds} cases`)
      found.push(...Option.map(caught, ({ tries }) => `${tries}`).pipe(Option.toArray))
    })
  )
}

it.live("finds nothing where no bug was planted", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* Simulation.hunt(worlds, undefined, { rounds }), Option.none())
  })
)
