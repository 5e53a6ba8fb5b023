/** The elements that a pipeline emits, as JSON. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { EncodedJson } from "../../Internal/EncodedJson.js"
import { TooLarge } from "../HotPath/JsonSize.js"
import * as SchemaCodec from "../HotPath/SchemaCodec.js"

/** The JSON of an element, or its size, if that is more than permitted. It dies for an element that does not fit its schema. */
export const encode = (
  element: Schema.Schema.AnyNoContext,
  value: unknown,
  maxBytes: number
): Effect.Effect<EncodedJson | TooLarge> =>
  Effect.matchEffect(encoderOf(element)(value, maxBytes), {
    onSuccess: (json) => Effect.succeed(json ?? nothing),
    onFailure: (misfit) =>
      misfit instanceof TooLarge
        ? Effect.succeed(misfit)
        : Effect.dieMessage(`An element does not fit the schema of the pipeline's output: ${misfit}`)
  })

// internal

/** The JSON of a value that JSON leaves out. */
const nothing = new EncodedJson("null")

const encoders = new WeakMap<Schema.Schema.AnyNoContext, ReturnType<typeof SchemaCodec.jsonEncoder>>()

/** Every run of a pipeline has the same schema. */
const encoderOf = (element: Schema.Schema.AnyNoContext) => {
  const known = encoders.get(element)
  if (known !== undefined) return known
  const encoder = SchemaCodec.jsonEncoder(element)
  encoders.set(element, encoder)
  return encoder
}
