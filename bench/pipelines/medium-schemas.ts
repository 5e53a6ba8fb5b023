import { Schema } from "effect"

const text = (maxLength: number) => Schema.String.pipe(Schema.minLength(1), Schema.maxLength(maxLength))

export const Record = Schema.Struct({
  sku: Schema.String.pipe(Schema.pattern(/^[A-Z]{3}-\d{4}$/)),
  title: text(80),
  quantity: Schema.Int.pipe(Schema.between(1, 1000)),
  price: Schema.Number.pipe(Schema.greaterThanOrEqualTo(0)),
  weight: Schema.Number.pipe(Schema.greaterThan(0)),
  taxable: Schema.Boolean,
  category: Schema.Literal("book", "tool", "food", "other")
})

export const Customer = Schema.Struct({
  name: text(80),
  email: Schema.String.pipe(Schema.pattern(/^[^@\s]+@[^@\s]+$/)),
  tier: Schema.Literal("basic", "plus"),
  address: Schema.Struct({
    street: text(80),
    city: text(80),
    zip: Schema.String.pipe(Schema.pattern(/^\d{5}$/)),
    country: Schema.Literal("NO", "DE", "FR")
  })
})

export const Input = Schema.Struct({
  orderId: Schema.String.pipe(Schema.pattern(/^ORD-\d{8}$/)),
  customer: Customer,
  records: Schema.Array(Record).pipe(Schema.minItems(1), Schema.maxItems(100)),
  note: Schema.optional(Schema.String.pipe(Schema.maxLength(500)))
})

export const Lines = Schema.Struct({
  lines: Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Int, amount: Schema.Number }))
})

export const Output = Schema.Struct({
  orderId: Schema.String,
  total: Schema.Number,
  items: Schema.Int,
  ...Lines.fields,
  shipTo: Schema.Struct({ name: Schema.String, city: Schema.String, country: Schema.String })
})
