/**
 * The proof of a service to its caller, before the caller sends a key or parameters. It imports nothing of Node, for browsers.
 *
 * **Details**
 *
 * A proof holds for the calls that follow it without a pause of ten milliseconds: a service that ends breaks its connections, a
 * failed call makes the next one ask again, and a process that takes the port later finds no caller that believes it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Equal from "effect/Equal"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ServiceNotProven } from "../Contract/Errors.js"
import { authorityOf, type Challenge, Proof, text } from "../Contract/Proof.js"
import * as Routes from "../Contract/Routes.js"
import type { Endpoint } from "./Endpoints.js"
import type { HttpResponse } from "./Http.js"

/** The secret that a service has to know; `undefined` if it has to prove nothing. */
export const secretOf = ({ authKey, proof }: Endpoint): Secret | undefined => {
  if (proof === "none") return undefined
  if (proof !== undefined) return { _tag: "Deployment", ...proof }
  return authKey === undefined ? undefined : { _tag: "Key", key: authKey }
}

export type Secret =
  | { readonly _tag: "Deployment"; readonly secret: Redacted.Redacted; readonly deploymentId: string }
  | { readonly _tag: "Key"; readonly key: Redacted.Redacted }

/** Has the service of an endpoint prove itself, unless it did so just now. `ask` sends the question to a path. */
export const prove = <E, R>(
  endpoint: Endpoint,
  ask: (path: string) => Effect.Effect<HttpResponse, E, R>
): Effect.Effect<void, E | ServiceNotProven, R> =>
  Effect.gen(function* () {
    const secret = secretOf(endpoint)
    if (secret === undefined || (yield* isFresh(endpoint))) return
    const crypto = cryptoOf()
    if (crypto === undefined) {
      return yield* notProven(
        endpoint,
        'this page has no WebCrypto, which browsers give to https and localhost only; use https, or proof: "none"'
      )
    }
    const challenge = challengeOf(endpoint.url)
    const query = new URLSearchParams({ ...challenge })
    const { json, status } = yield* ask(`${Routes.paths(endpoint.serving).proof}?${query}`)
    const answer = Option.getOrUndefined(decode(json))
    if (status !== 200 || answer === undefined) return yield* notProven(endpoint, refusal(status))
    const bytes =
      secret._tag === "Key" ? yield* crypto.digest(utf8(Redacted.value(secret.key))) : bytesOf(secret.secret)
    const expected = yield* crypto.sign(bytes, utf8(text(challenge, answer.deploymentId)))
    const isOther = secret._tag === "Deployment" && secret.deploymentId !== answer.deploymentId
    if (isOther || !answer.proofs.includes(expected)) return yield* notProven(endpoint, unknownSecret(secret))
  })

/** Extends a proof after a call that succeeded. */
export const renew = (endpoint: Endpoint): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const url = recent.get(endpoint.url)
    const known = secretOf(endpoint)
    if (known === undefined) return
    if (url === undefined && recent.size >= maxUrls) recent.clear()
    recent.set(endpoint.url, { secret: valueOf(known), at: now })
  })

/** Ends a proof after a call that failed. */
export const forget = (endpoint: Endpoint): Effect.Effect<void> => Effect.sync(() => void recent.delete(endpoint.url))

// internal

/** The last proofs of this program, by URL. */
const recent = globalValue(
  "effect-deployers/Client/Proof/recent",
  () => new Map<string, { readonly secret: Redacted.Redacted; readonly at: number }>()
)

const maxUrls = 1_024

/**
 * A pause after which another process may have the port without a failed call. A caller that is quicker pays no question for
 * each call, and a slower one does not notice it.
 */
const maxPauseMillis = 10

const isFresh = (endpoint: Endpoint): Effect.Effect<boolean> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const last = recent.get(endpoint.url)
    const secret = secretOf(endpoint)
    if (last === undefined || secret === undefined || !Equal.equals(last.secret, valueOf(secret))) return false
    return now >= last.at && now - last.at <= maxPauseMillis
  })

const valueOf = (secret: Secret): Redacted.Redacted => (secret._tag === "Key" ? secret.key : secret.secret)

const decode = Schema.decodeUnknownOption(Proof)

const challengeOf = (url: string): Challenge => ({
  nonce: Encoding.encodeBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(32))),
  authority: authorityOf(url)
})

type Bytes = Uint8Array<ArrayBuffer>

/** The two functions of a proof. */
interface Crypto {
  /** SHA-256. */
  readonly digest: (bytes: Bytes) => Effect.Effect<Bytes>
  /** HMAC-SHA-256 (hex). */
  readonly sign: (secret: Bytes, signed: Bytes) => Effect.Effect<string>
}

const utf8 = (given: string): Bytes => new TextEncoder().encode(given)

const bytesOf = (hex: Redacted.Redacted): Bytes =>
  Uint8Array.from(Either.getOrElse(Encoding.decodeHex(Redacted.value(hex)), () => new Uint8Array()))

/** The functions of Node where there is one, because they return at once; else those of browsers. */
const cryptoOf = (): Crypto | undefined => {
  const node = globalThis.process?.getBuiltinModule?.("node:crypto")
  if (node !== undefined) {
    return {
      digest: (bytes) => Effect.sync(() => Uint8Array.from(node.createHash("sha256").update(bytes).digest())),
      sign: (secret, signed) => Effect.sync(() => node.createHmac("sha256", secret).update(signed).digest("hex"))
    }
  }
  const { subtle } = globalThis.crypto
  return subtle === undefined
    ? undefined
    : {
        digest: (bytes) =>
          Effect.map(
            Effect.promise(() => subtle.digest("SHA-256", bytes)),
            (it) => new Uint8Array(it)
          ),
        sign: (secret, signed) =>
          Effect.promise(() => subtle.importKey("raw", secret, hmac, false, ["sign"])).pipe(
            Effect.flatMap((key) => Effect.promise(() => subtle.sign(hmac.name, key, signed))),
            Effect.map((signature) => Encoding.encodeHex(new Uint8Array(signature)))
          )
      }
}

const hmac = { name: "HMAC", hash: "SHA-256" } as const

const notProven = ({ name, url }: Endpoint, reason: string) => new ServiceNotProven({ deployment: name, url, reason })

const refusal = (status: number): string =>
  status === 400
    ? "it refuses to prove itself under this address; behind a proxy, list the name in the setting allowedHosts"
    : `it answered the question for a proof with status ${status}; if the deployment is of an earlier version, deploy it again, and if it is a foreign gateway, give the client proof: "none"`

const unknownSecret = (secret: Secret): string =>
  secret._tag === "Key"
    ? "it does not know the key, or is another process; check the URL and the key"
    : "it does not know the secret of the deployment; another process has the port, so `refresh` the deployment and `provision` it"
