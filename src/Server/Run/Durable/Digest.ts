/** The digest of the input of a step, by which a call is recognised. */
import { createHash } from "node:crypto"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { canonicalJson } from "../../../Internal/CanonicalJson.js"
import type { StepCall } from "../../../Run.js"

/** The digest of an input; that of nothing for an input without a JSON form, so that such inputs are all the same. */
export const ofInput = (call: StepCall, input: unknown): string => {
  const encoded = encoderOf(call)(input)
  return Either.isLeft(encoded) ? ofText("") : ofText(textOf(encoded.right))
}

// internal

/** Enough to distinguish the inputs of one run. */
const digits = 32

const ofText = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, digits)

const textOf = (value: unknown): string => {
  try {
    return canonicalJson(value) ?? ""
  } catch {
    return ""
  }
}

type Encode = (input: unknown) => Either.Either<unknown, unknown>

const encoders = new WeakMap<StepCall, Encode>()

/** Every call of a step has the same description. */
const encoderOf = (call: StepCall): Encode => {
  const known = encoders.get(call)
  if (known !== undefined) return known
  const encode = Schema.encodeUnknownEither(call.input)
  encoders.set(call, encode)
  return encode
}
