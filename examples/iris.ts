// A real classifier: a random forest trained on Fisher's iris data when the service starts, kept warm in a layer.
import { HttpApiSchema } from "@effect/platform"
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import { Species } from "./iris/data.js"
import * as Model from "./iris/Model.js"

const Centimetres = (description: string, example: number) =>
  Schema.Positive.annotations({ description, examples: [example] })

export const Measures = Schema.Struct({
  sepalLength: Centimetres("Length of the sepal in centimetres.", 5.1),
  sepalWidth: Centimetres("Width of the sepal in centimetres.", 3.5),
  petalLength: Centimetres("Length of the petal in centimetres.", 1.4),
  petalWidth: Centimetres("Width of the petal in centimetres.", 0.2)
})

export const Prediction = Schema.Struct({
  species: Species,
  probabilities: Schema.Struct({
    setosa: Schema.Number,
    versicolor: Schema.Number,
    virginica: Schema.Number
  }).annotations({ description: "The share of trees that voted for each species; the shares add up to 1." }),
  modelInfo: Schema.Struct({
    name: Schema.String,
    trees: Schema.Int,
    seed: Schema.Int,
    trainedOn: Schema.Int.annotations({ description: "Number of flowers the model learned from." })
  })
})

export class NotAnIris extends Schema.TaggedError<NotAnIris>()(
  "NotAnIris",
  { field: Schema.String, centimetres: Schema.Number },
  HttpApiSchema.annotations({ status: 422 })
) {
  override get message() {
    return `No iris has a ${this.field} of ${this.centimetres} cm; the measures are centimetres.`
  }
}

const longest = 20

const validate = Step.make("validate", {
  input: Measures,
  output: Measures,
  error: NotAnIris,
  run: (measures) => {
    const tooLong = Object.entries(measures).find(([, centimetres]) => centimetres > longest)
    return tooLong === undefined
      ? Effect.succeed(measures)
      : Effect.fail(new NotAnIris({ field: tooLong[0], centimetres: tooLong[1] }))
  }
})

const predict = Step.make("predict", {
  input: Measures,
  output: Prediction,
  run: ({ petalLength, petalWidth, sepalLength, sepalWidth }) =>
    Effect.map(Model.Model, (model) => ({
      ...model.predict([sepalLength, sepalWidth, petalLength, petalWidth]),
      modelInfo: model.info
    }))
})

export const iris = Pipeline.make("iris", {
  description: "Tells the species of an iris from four measures of its flower.",
  input: Measures,
  output: Prediction,
  error: NotAnIris,
  run: (measures) => Effect.flatMap(validate(measures), predict)
}).pipe(Pipeline.provide(Model.layer))
