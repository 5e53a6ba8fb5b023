// The same work for every subject: what is asked, what must come back, and the JSON Schemas that the frameworks without
// Effect validate with. `bench/pipelines` says the same in Effect Schemas.

const text = (maxLength) => ({ type: "string", minLength: 1, maxLength })
const closed = (properties, optional = []) => ({
  type: "object",
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties
})

const record = closed({
  sku: { type: "string", pattern: "^[A-Z]{3}-\\d{4}$" },
  title: text(80),
  quantity: { type: "integer", minimum: 1, maximum: 1000 },
  price: { type: "number", minimum: 0 },
  weight: { type: "number", exclusiveMinimum: 0 },
  taxable: { type: "boolean" },
  category: { type: "string", enum: ["book", "tool", "food", "other"] }
})

const customer = closed({
  name: text(80),
  email: { type: "string", pattern: "^[^@\\s]+@[^@\\s]+$" },
  tier: { type: "string", enum: ["basic", "plus"] },
  address: closed({
    street: text(80),
    city: text(80),
    zip: { type: "string", pattern: "^\\d{5}$" },
    country: { type: "string", enum: ["NO", "DE", "FR"] }
  })
})

const line = closed({ sku: { type: "string" }, quantity: { type: "integer" }, amount: { type: "number" } })

const small = {
  parameters: { name: " Ada Lovelace " },
  invalid: { name: 7 },
  outputs: { greeting: "Hello, Ada Lovelace!", length: 12 },
  input: closed({ name: text(100) }),
  output: closed({ greeting: { type: "string" }, length: { type: "integer" } }),
  steps: [
    ["normalise", ({ name }) => ({ name: name.trim() })],
    ["greet", ({ name }) => ({ greeting: `Hello, ${name}!`, length: name.length })]
  ]
}

const records = Array.from({ length: 20 }, (_, i) => ({
  sku: `ABC-${1000 + i}`,
  title: `Item number ${i} of the order`,
  quantity: 1 + (i % 7),
  price: 4 + i / 4,
  weight: 0.5 + i,
  taxable: i % 2 === 0,
  category: ["book", "tool", "food", "other"][i % 4]
}))

const price = ({ records: all }) => ({
  lines: all.map(({ price: each, quantity, sku }) => ({ sku, quantity, amount: each * quantity }))
})

const summarise = ({ lines }, { customer: by, orderId }) => ({
  orderId,
  total: lines.reduce((sum, { amount }) => sum + amount, 0),
  items: lines.reduce((sum, { quantity }) => sum + quantity, 0),
  lines,
  shipTo: { name: by.name, city: by.address.city, country: by.address.country }
})

const order = {
  orderId: "ORD-20261125",
  customer: {
    name: "Ada Lovelace",
    email: "ada@example.org",
    tier: "plus",
    address: { street: "Storgata 1", city: "Oslo", zip: "01550", country: "NO" }
  },
  records,
  note: "Leave it at the door."
}

const medium = {
  parameters: order,
  invalid: { ...order, records: [...records.slice(0, 19), { ...records[19], quantity: 0 }] },
  outputs: summarise(price(order), order),
  input: closed(
    {
      orderId: { type: "string", pattern: "^ORD-\\d{8}$" },
      customer,
      records: { type: "array", minItems: 1, maxItems: 100, items: record },
      note: { type: "string", maxLength: 500 }
    },
    ["note"]
  ),
  output: closed({
    orderId: { type: "string" },
    total: { type: "number" },
    items: { type: "integer" },
    lines: { type: "array", items: line },
    shipTo: closed({ name: { type: "string" }, city: { type: "string" }, country: { type: "string" } })
  }),
  steps: [
    ["price", price],
    ["summarise", summarise]
  ]
}

export const payloads = { small, medium }

/** What is sent: the body of every subject's `POST /invoke`. */
export const bodyOf = (parameters) => JSON.stringify({ parameters })

export const requestSchema = ({ input }) => closed({ parameters: input })

export const answerSchema = ({ output }) =>
  closed({ success: { type: "boolean" }, outputs: output, runId: { type: "string" } }, ["runId"])
