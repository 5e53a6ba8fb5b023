import { Schema } from "effect"

export const Input = Schema.Struct({ name: Schema.String.pipe(Schema.minLength(1), Schema.maxLength(100)) })

export const Normalised = Schema.Struct({ name: Schema.String })

export const Output = Schema.Struct({ greeting: Schema.String, length: Schema.Int })
