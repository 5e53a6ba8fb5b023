/**
 * The admission of one browser: a token that is good for one exchange, and the session that it opens. Both are secrets of this
 * process and end with it.
 */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

/** The token, its exchange, and the sessions that came of it. */
export interface Access {
  /**
   * The folder of the page. Browsers send a cookie to every port of a host, so the cookie of the session belongs to a folder
   * that other services of this machine do not know.
   */
  readonly folder: string
  readonly token: Redacted.Redacted
  /** The secret of a new session for the token, the first time. */
  readonly exchange: (given: string) => Effect.Effect<Option.Option<Redacted.Redacted>>
  /** True for the secret of the session. */
  readonly isSession: (given: string | undefined) => boolean
}

/** Makes a token and a folder. */
export const make: Effect.Effect<Access> = Effect.gen(function* () {
  const folder = `/ui-${Redacted.value(yield* secret)}`
  const token = yield* secret
  const session = yield* secret
  const isUsed = yield* Ref.make(false)
  const isToken = equals(token)
  const opens = equals(session)
  return {
    folder,
    token,
    exchange: (given) =>
      isToken(given)
        ? Effect.map(Ref.getAndSet(isUsed, true), (was) => (was ? Option.none() : Option.some(session)))
        : Effect.succeedNone,
    // No session is open before the exchange, so nothing but the exchange can have its secret.
    isSession: (given) => given !== undefined && opens(given)
  }
})

// internal

const secret = Effect.sync(() => Redacted.make(Crypto.randomBytes(32).toString("base64url")))

const digest = (text: string): Buffer => Crypto.createHash("sha256").update(text, "utf8").digest()

/** Compares digests, so that the time of a comparison says nothing about the secret. */
const equals = (expected: Redacted.Redacted) => {
  const known = digest(Redacted.value(expected))
  return (given: string): boolean => Crypto.timingSafeEqual(digest(given), known)
}
