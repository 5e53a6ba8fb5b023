/** The elements that a pipeline emits, as JSON. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import { EncodedJson } from "../../../Internal/EncodedJson.js"
import { TooLarge } from "../../HotPath/JsonSize.js"
import * as SchemaCodec from "../../HotPath/SchemaCodec.js"
import * as SyncOrFiber from "../../HotPath/SyncOrFiber.js"

/**
 * Sends the JSON of an element, or its size, if that is more than permitted: at once if the JSON is there, because a run emits
 * many elements. It dies for an element that does not fit its schema.
 */
export const encoded = (
  element: Schema.Schema.AnyNoContext,
  value: unknown,
  maxBytes: number,
  send: (json: EncodedJson | TooLarge) => Effect.Effect<void>
): Effect.Effect<void> => {
  const json = encoderOf(element)(value, maxBytes)
  if (SyncOrFiber.isEither(json) && Either.isRight(json)) return send(json.right ?? nothing)
  return Effect.matchEffect(json, {
    onSuccess: (json) => send(json ?? nothing),
    onFailure: (misfit) =>
      misfit instanceof TooLarge
        ? send(misfit)
        : Effect.dieMessage(`An element does not fit the schema of the pipeline's output: ${misfit}`)
  })
}

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
