// The implementation of a contract, ready to deploy: deployers deploy examples/shipping.ts --name shipping
import { BigDecimal, Effect } from "effect"
import { Contract } from "effect-deployers/Contract"
import { NotDeliverable, shipping } from "./shipping-contract.js"

const perKilogram: ReadonlyMap<string, BigDecimal.BigDecimal> = new Map([
  ["NO", BigDecimal.unsafeFromString("9.5")],
  ["SE", BigDecimal.unsafeFromString("7.25")]
])

export const shippingService = Contract.implement(shipping, ({ country, kilograms }) => {
  const price = perKilogram.get(country)
  return price === undefined
    ? new NotDeliverable({ country })
    : Effect.succeed({ price: BigDecimal.multiply(price, BigDecimal.unsafeFromNumber(kilograms)) })
})
