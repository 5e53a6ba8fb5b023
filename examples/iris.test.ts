import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Pipeline } from "effect-deployers"
import { type Flower, heldOut, Species, training } from "./iris/data.js"
import { iris } from "./iris.js"

const ask = ({ measures: [sepalLength, sepalWidth, petalLength, petalWidth] }: Pick<Flower, "measures">) =>
  Pipeline.run(iris, { sepalLength, sepalWidth, petalLength, petalWidth })

describe("iris", () => {
  it("holds out a fifth of every species", () => {
    expect(training).toHaveLength(120)
    expect(
      Species.literals.map((species) => heldOut.filter((flower) => flower.species === species).length)
    ).toStrictEqual([10, 10, 10])
  })

  it.effect("tells more than nine of ten flowers it never saw, with probabilities that add up to one", () =>
    Effect.gen(function* () {
      const predictions = yield* Effect.forEach(heldOut, ask)
      const right = predictions.filter(({ species }, row) => species === heldOut[row]?.species)
      expect(right.length / heldOut.length).toBeGreaterThan(0.9)
      for (const { probabilities, species } of predictions) {
        const shares = Object.values(probabilities)
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
        expect(probabilities[species]).toBe(Math.max(...shares))
      }
    })
  )

  it.effect("is the same model every time", () =>
    Effect.gen(function* () {
      const flower = { measures: [6, 2.7, 5.1, 1.6] } as const
      expect(yield* ask(flower)).toStrictEqual(yield* ask(flower))
    })
  )

  it.effect("refuses what cannot be a flower with a typed failure", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ask({ measures: [5.1, 3.5, 140, 0.2] }))
      expect(error).toMatchObject({ _tag: "NotAnIris", field: "petalLength", centimetres: 140 })
      expect(error.message).toBe("No iris has a petalLength of 140 cm; the measures are centimetres.")
    })
  )
})
