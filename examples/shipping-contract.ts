// The contract alone: callers, also those in a browser, import this file and none of the code behind it.
import { HttpApiSchema } from "@effect/platform"
import { Schema } from "effect"
import { Contract } from "effect-deployers/Contract"

export class NotDeliverable extends Schema.TaggedError<NotDeliverable>()(
  "NotDeliverable",
  { country: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {
  override get message() {
    return `There is no delivery to ${this.country}; choose another country.`
  }
}

export const shipping = Contract.make("shipping", {
  description: "Computes the price of a parcel.",
  input: Schema.Struct({ country: Schema.String, kilograms: Schema.Positive }),
  output: Schema.Struct({ price: Schema.BigDecimal }),
  error: NotDeliverable
})
