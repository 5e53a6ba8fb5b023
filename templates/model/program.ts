import { Context, Effect, Layer, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

export const Species = Schema.Literal("setosa", "versicolor", "virginica")
export type Species = typeof Species.Type

/** Centimetres. */
const Length = Schema.Number.pipe(Schema.between(0, 20))

export const Flower = Schema.Struct({
  sepalLength: Length.annotations({ examples: [5.1] }),
  sepalWidth: Length.annotations({ examples: [3.5] }),
  petalLength: Length.annotations({ examples: [1.4] }),
  petalWidth: Length.annotations({ examples: [0.2] })
})
export type Flower = typeof Flower.Type

/** A model, as a service: it is made once, before the first run, and every run uses it. */
export class Model extends Context.Tag("Model")<Model, { readonly classify: (flower: Flower) => Species }>() {
  /** Replace it with the model that you trained: a layer may read a file that travels with the bundle. */
  static readonly layer = Layer.effect(
    Model,
    Effect.gen(function* () {
      yield* Effect.logInfo("The model is ready.")
      return { classify: nearest }
    })
  )
}

/** The mean flower of each species. */
const means: ReadonlyArray<readonly [Species, Flower]> = [
  ["setosa", { sepalLength: 5.0, sepalWidth: 3.4, petalLength: 1.5, petalWidth: 0.2 }],
  ["versicolor", { sepalLength: 5.9, sepalWidth: 2.8, petalLength: 4.3, petalWidth: 1.3 }],
  ["virginica", { sepalLength: 6.6, sepalWidth: 3.0, petalLength: 5.6, petalWidth: 2.0 }]
]

const distance = (a: Flower, b: Flower): number =>
  (a.sepalLength - b.sepalLength) ** 2 +
  (a.sepalWidth - b.sepalWidth) ** 2 +
  (a.petalLength - b.petalLength) ** 2 +
  (a.petalWidth - b.petalWidth) ** 2

const nearest = (flower: Flower): Species => {
  const [[first] = ["setosa" as const]] = [...means].sort(([, a], [, b]) => distance(flower, a) - distance(flower, b))
  return first
}

const classify = Step.make("classify", {
  input: Flower,
  output: Species,
  run: (flower) => Effect.map(Model, (model) => model.classify(flower))
})

export const program = Pipeline.make("iris", {
  description: "Says to which species an iris belongs.",
  input: Flower,
  output: Schema.Struct({ species: Species }),
  // A new version gets callers only after it has answered this.
  check: { input: { sepalLength: 5.1, sepalWidth: 3.5, petalLength: 1.4, petalWidth: 0.2 } },
  run: (flower) => Effect.map(classify(flower), (species) => ({ species }))
})
