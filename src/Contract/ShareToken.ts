/**
 * The token of a share link: a key for some endpoints until a moment, which the owner of a deployment signs and no service
 * stores. It stands behind the `#` of a URL, which no browser sends; the page of the deployment sends it as a bearer key.
 *
 * **Details**
 *
 * A token is `share1.CLAIMS.SIGNATURE` in base64url: JSON, and HMAC-SHA-256 over {@link text}, keyed by the SHA-256 digest of
 * the owner's key. So it ends with that key, and a new key ends all tokens.
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import type { CallerKey } from "./Keys.js"
import type { Route, RouteName } from "./Routes.js"

/** The rights of a token. */
export const Claims = Schema.Struct({
  /** Random, 128 bits: it makes two tokens differ, and names the caller in logs. */
  nonce: Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9_-]{22}$/)),
  /** From this time on the token is refused, in milliseconds since the epoch. */
  expiresAt: Schema.Int,
  /** True if it permits invoking, too. */
  invoke: Schema.Boolean,
  /** The only run that it shows; absent for all of them. */
  runId: Schema.optional(Schema.String)
})

export type Claims = typeof Claims.Type

/** The endpoints that every token permits, as far as the service has them. None of them changes anything. */
export const readable: ReadonlyArray<RouteName> = [
  "root",
  "docs",
  "openApi",
  "info",
  "metrics",
  "runs",
  "run",
  "events",
  "logs",
  "artifacts",
  "artifact",
  "output"
]

/** A token in its parts. */
export interface Parts {
  /** The claims as they are signed. */
  readonly claims: string
  /** Base64url. */
  readonly signature: string
}

/** The parts of a key that has the form of a token; `undefined` for any other key. */
export const partsOf = (key: string): Parts | undefined => {
  const [, claims, signature] = /^share1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/.exec(key) ?? []
  return claims === undefined || signature === undefined ? undefined : { claims, signature }
}

/** A token of its parts. */
export const join = ({ claims, signature }: Parts): string => `share1.${claims}.${signature}`

/** The claims as text. */
export const encode = (claims: Claims): string => Encoding.encodeBase64Url(encodeJson(claims))

/** The claims in a text whose signature is right. */
export const decode = (claims: string): Claims | undefined =>
  Either.getOrUndefined(Either.flatMap(Encoding.decodeBase64UrlString(claims), decodeJson))

/** The text that a signature covers. It holds for one deployment, and for nothing that is signed with the key besides. */
export const text = (deploymentId: string, claims: string): string =>
  `effect-deployers/share/1\n${deploymentId}\n${claims}`

/** True if a token permits a request. An endpoint of the application has no name, and is never permitted. */
export const permits = (
  { invoke, runId }: Claims,
  route: { readonly name?: RouteName | undefined; readonly path?: Route["path"] | undefined },
  requestPath: string
): boolean => {
  const { name, path = "/" } = route
  if (name === undefined) return false
  if (name === "invoke") return invoke
  if (!readable.includes(name)) return false
  return runId === undefined || (name !== "runs" && (!path.includes("/:id") || isOfRun(path, requestPath, runId)))
}

/** The caller that a token stands for, in limits and logs. */
export const callerOf = ({ invoke, nonce }: Claims): CallerKey => ({
  id: `share-${nonce.slice(0, 8)}`,
  scopes: invoke ? ["read", "invoke"] : ["read"]
})

// internal

const Json = Schema.parseJson(Claims)
const encodeJson = Schema.encodeSync(Json)
const decodeJson = Schema.decodeEither(Json)

const isOfRun = (path: string, requestPath: string, runId: string): boolean => {
  const run = path.slice(0, path.indexOf(":id")) + encodeURIComponent(runId)
  return requestPath === run || requestPath.startsWith(`${run}/`)
}
