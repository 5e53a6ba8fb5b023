// A random forest as a service: trained once when the layer is built, asked by every run.
import { Context, Effect, Layer } from "effect"
import { RandomForestClassifier } from "ml-random-forest"
import { type Flower, Species, training } from "./data.js"

export interface Votes {
  readonly species: Species
  /** The share of trees that voted for each species. */
  readonly probabilities: Record<Species, number>
}

export class Model extends Context.Tag("examples/iris/Model")<
  Model,
  {
    readonly info: {
      readonly name: string
      readonly trees: number
      readonly seed: number
      readonly trainedOn: number
    }
    readonly predict: (measures: Flower["measures"]) => Votes
  }
>() {}

const seed = 42
const trees = 50

export const layer: Layer.Layer<Model> = Layer.effect(
  Model,
  Effect.sync(() => {
    const forest = new RandomForestClassifier({
      seed,
      nEstimators: trees,
      maxFeatures: 2,
      replacement: false,
      noOOB: true
    })
    forest.train(
      training.map(({ measures }) => [...measures]),
      training.map(({ species }) => Species.literals.indexOf(species))
    )
    return {
      info: { name: "random forest", trees, seed, trainedOn: training.length },
      predict: (measures: Flower["measures"]) => count(forest.predictionValues([[...measures]]).getRow(0))
    }
  }).pipe(Effect.tap(({ info }) => Effect.logInfo("trained").pipe(Effect.annotateLogs(info))))
)

// Counted here because the package's own predictProbability starts from the first tree's label instead of its vote.
const count = (votes: ReadonlyArray<number>): Votes => {
  const share = (species: Species) =>
    votes.filter((vote) => vote === Species.literals.indexOf(species)).length / votes.length
  const probabilities = { setosa: share("setosa"), versicolor: share("versicolor"), virginica: share("virginica") }
  const [first, ...others] = Species.literals
  const species = others.reduce<Species>(
    (best, other) => (probabilities[other] > probabilities[best] ? other : best),
    first
  )
  return { species, probabilities }
}
