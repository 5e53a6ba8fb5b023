// A single-page app and its pipeline, from one origin: the page of web/ asks for a quote, and shows the steps of its run.
import { HttpApiSchema } from "@effect/platform"
import { Effect, Schema } from "effect"
import { Pipeline, Run, Session, Step } from "effect-deployers"

const prices = { chair: 79, lamp: 35, table: 249 } as const

const Item = Schema.Struct({
  product: Schema.Literal("chair", "lamp", "table"),
  count: Schema.Int.pipe(Schema.between(1, 100))
})

const Delivery = Schema.Union(
  Schema.TaggedStruct("Pickup", { store: Schema.Literal("Oslo", "Bergen") }),
  Schema.TaggedStruct("Courier", { street: Schema.NonEmptyString, city: Schema.NonEmptyString })
)

export class TooHeavy extends Schema.TaggedError<TooHeavy>()(
  "TooHeavy",
  { kilograms: Schema.Number },
  HttpApiSchema.annotations({ status: 422 })
) {
  override get message() {
    return `${this.kilograms} kg are more than a courier carries; choose a pickup.`
  }
}

const price = Step.make("price", {
  input: Item,
  output: Schema.Struct({ product: Schema.String, total: Schema.Number }),
  run: ({ count, product }) =>
    Effect.as(Effect.logInfo(`${count} of ${product}`), { product, total: count * prices[product] })
})

const shipping = Step.make("shipping", {
  input: Schema.Struct({ delivery: Delivery, count: Schema.Int }),
  output: Schema.Struct({ cost: Schema.Number }),
  error: TooHeavy,
  run: ({ count, delivery }) => {
    if (delivery._tag === "Pickup") return Effect.succeed({ cost: 0 })
    return 8 * count > 200 ? new TooHeavy({ kilograms: 8 * count }) : Effect.succeed({ cost: 9 + 2 * count })
  }
})

/** The quotes of one customer. */
const history = Session.make("quotes", Schema.Array(Schema.Number))

export const quote = Pipeline.make("quote", {
  description: "Prices furniture with its delivery.",
  input: Schema.Struct({
    customer: Schema.NonEmptyString.annotations({ description: "Quotes of one customer are kept.", examples: ["ada"] }),
    items: Schema.Array(Item).pipe(Schema.minItems(1)),
    delivery: Delivery,
    until: Schema.optional(Schema.Date).annotations({ description: "The last day of delivery." }),
    note: Schema.optional(Schema.String)
  }),
  output: Schema.Struct({
    lines: Schema.Array(Schema.Struct({ product: Schema.String, total: Schema.Number })),
    shipping: Schema.Number,
    total: Schema.Number,
    earlier: Schema.Int
  }),
  error: Schema.Union(TooHeavy, Session.AnyError),
  session: ({ customer }) => customer,
  settings: {
    about: { title: "Furniture quotes" },
    static: { folder: "examples/app/web" },
    pageUrlPath: "/page"
  },
  run: ({ delivery, items }) =>
    Effect.gen(function* () {
      const lines = yield* Effect.forEach(items, (item, i) =>
        Effect.tap(price(item), () => Run.publish({ progress: (i + 1) / (items.length + 1) }))
      )
      const count = items.reduce((all, item) => all + item.count, 0)
      const { cost } = yield* shipping({ delivery, count })
      const total = lines.reduce((sum, line) => sum + line.total, cost)
      const all = yield* history.update((known = []) => [...known, total])
      return { lines, shipping: cost, total, earlier: all.length - 1 }
    })
})
