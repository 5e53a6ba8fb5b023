/** The outputs of cached steps: found by the digest of their step, their input and the code of the service. */
import { createHash, randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Manifest } from "../../../Contract/Manifest.js"
import type { CachedFrom } from "../../../Contract/RunRecord.js"
import { canonicalJson } from "../../../Internal/CanonicalJson.js"
import type { StepCall } from "../../../Run.js"
import type { StepCaching } from "../../../Step/Caching.js"
import type { RunStore } from "../../../Store/RunStore.js"

/** An output that is used again, decoded. */
export interface CacheHit {
  readonly value: unknown
  readonly from: CachedFrom
}

/** Finds outputs of cached steps. */
export interface StepCache {
  /** The key of a call; none for an input without a JSON form, whose step always executes. */
  readonly keyOf: (call: StepCall, caching: StepCaching, input: unknown) => Option.Option<string>
  /** The output of an earlier call with the key. A failure of the store, or an output of another shape, counts as none. */
  readonly find: (call: StepCall, key: string) => Effect.Effect<Option.Option<CacheHit>>
}

/** Makes the cache of a service; `undefined` for a service that records no runs. */
export const make = (
  { serving, snapshot }: Pick<Manifest, "serving" | "snapshot">,
  { cachedStep }: Pick<RunStore["Type"], "cachedStep">
): StepCache | undefined => {
  if (serving.recording === "none") return undefined
  const code = isBundled(snapshot.digest) ? snapshot.digest : randomUUID()
  return {
    keyOf: (call, { key }, input) =>
      Option.map(jsonOf(call, key, input), (text) =>
        createHash("sha256")
          .update(JSON.stringify([code, call.step, text]))
          .digest("hex")
      ),
    find: (call, key) =>
      Effect.gen(function* () {
        const found = yield* cachedStep(key)
        if (Option.isNone(found)) return Option.none()
        const { from, output } = found.value
        return Option.map(decoderOf(call)(output), (value): CacheHit => ({ value, from }))
      }).pipe(
        Effect.catchAll((error) =>
          Effect.as(Effect.logWarning(`The output of a cached step could not be read: ${error.message}`), Option.none())
        )
      )
  }
}

// internal

/** A server inside a program has no bundle: its code may change with each start, so its outputs are those of the process. */
const isBundled = (digest: string): boolean => !/^0+$/.test(digest)

const jsonOf = (call: StepCall, key: StepCaching["key"], input: unknown): Option.Option<string> =>
  Option.flatMap(encodedOf(call, key, input), (value) =>
    Option.flatMap(
      Option.getRight(Either.try(() => canonicalJson(value))),
      Option.liftPredicate((text) => text !== undefined)
    )
  )

const encodedOf = (call: StepCall, key: StepCaching["key"], input: unknown): Option.Option<unknown> =>
  key === undefined
    ? Option.getRight(encoderOf(call)(input))
    : Option.getRight(Either.try(() => (key as (input: unknown) => unknown)(input)))

type Encode = (input: unknown) => Either.Either<unknown, unknown>
type Decode = (output: unknown) => Option.Option<unknown>

/** A schema compiles once for each step. */
const perCall = <A>(make: (call: StepCall) => A): ((call: StepCall) => A) => {
  const made = new WeakMap<StepCall, A>()
  return (call) => {
    const known = made.get(call)
    if (known !== undefined) return known
    const one = make(call)
    made.set(call, one)
    return one
  }
}

const encoderOf = perCall((call): Encode => Schema.encodeUnknownEither(call.input))

const decoderOf = perCall((call): Decode => Schema.decodeUnknownOption(call.output))
