import { Context, Effect, Layer, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

/** The prices, a service. */
export class Prices extends Context.Tag("Prices")<
  Prices,
  { readonly of: (product: "chair" | "lamp" | "table") => Effect.Effect<number> }
>() {
  /** Replace it with a query of your database. */
  static readonly layer = Layer.succeed(Prices, {
    of: (product) => Effect.succeed({ chair: 79, lamp: 35, table: 249 }[product])
  })
}

const Product = Schema.Literal("chair", "lamp", "table")

const price = Step.make("price", {
  input: Product,
  output: Schema.Number,
  run: (product) => Effect.flatMap(Prices, (prices) => prices.of(product))
})

export const program = Pipeline.make("quote", {
  description: "Prices furniture.",
  input: Schema.Struct({ product: Product, count: Schema.Int.pipe(Schema.between(1, 100)) }),
  output: Schema.Struct({ total: Schema.Number }),
  settings: {
    // The files of `web` travel with the bundle and are served at `/`; the page of the deployment is at `/page`.
    static: { folder: "web" },
    pageUrlPath: "/page"
  },
  run: ({ count, product }) => Effect.map(price(product), (each) => ({ total: each * count }))
})
