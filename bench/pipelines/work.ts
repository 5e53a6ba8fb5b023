// The bodies of the steps, for everything that is written with Effect.
import type * as Medium from "./medium-schemas.js"

export const normalise = (name: string) => ({ name: name.trim() })

export const greet = (name: string) => ({ greeting: `Hello, ${name}!`, length: name.length })

export const price = (records: ReadonlyArray<typeof Medium.Record.Type>): typeof Medium.Lines.Type => ({
  lines: records.map(({ price: each, quantity, sku }) => ({ sku, quantity, amount: each * quantity }))
})

export const summarise = (
  { lines }: typeof Medium.Lines.Type,
  { customer, orderId }: Pick<typeof Medium.Input.Type, "customer" | "orderId">
): typeof Medium.Output.Type => ({
  orderId,
  total: lines.reduce((sum, { amount }) => sum + amount, 0),
  items: lines.reduce((sum, { quantity }) => sum + quantity, 0),
  lines,
  shipTo: { name: customer.name, city: customer.address.city, country: customer.address.country }
})
