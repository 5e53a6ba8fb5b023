/**
 * The keys of a service at this moment. A service with a file of keys looks at most ten times a second, at a request, whether
 * the file has changed: a removed key is refused a tenth of a second later, by every worker, without a restart.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CallerKey, KeysFile, KeyUses, keysMaxAgeMillis, keyUsesFile, type LiveKey } from "../../Contract/Keys.js"
import type { Manifest } from "../../Contract/Manifest.js"
import * as ShareToken from "../../Contract/ShareToken.js"
import * as WatchedFile from "../Run/WatchedFile.js"
import * as BearerAuth from "./BearerAuth.js"
import * as ShareLinks from "./ShareLinks.js"

/** The keys of a service. */
export class KeyRing extends Context.Tag("effect-deployers/Server/KeyRing")<KeyRing, Service>() {}

/** See {@link KeyRing}. */
export interface Service {
  /** True if the service asks for a key. */
  readonly isRequired: boolean
  /** Finds the live key of a header. */
  readonly find: (authorization: string | undefined) => BearerAuth.Accepted | undefined
  /** The claims of a header with the token of a share link; `isExpired` at and after its end. */
  readonly share: (
    authorization: string | undefined
  ) => { readonly claims: ShareToken.Claims; readonly isExpired: boolean } | undefined
  /** The caller of a header that the guard let pass: that of a key, or of a share link. */
  readonly callerOf: (authorization: string | undefined) => CallerKey | undefined
  /** The digests of the live keys. */
  readonly digests: () => ReadonlyArray<string>
}

/** The source of keys that change while a service runs; none if the keys did not change since the last time. */
export interface Source {
  readonly changed: () => ReadonlyArray<LiveKey> | undefined
}

/** Reads the file of the keys. Tests and services without files give another source. */
export class KeySource extends Context.Reference<KeySource>()("effect-deployers/Server/KeySource", {
  defaultValue: () => ({
    of: (manifest: Manifest): Source => (manifest.keysFile === undefined ? fixed(manifest) : file(manifest.keysFile))
  })
}) {}

/** Makes the key ring of a service. */
export const make = (manifest: Manifest): Effect.Effect<Service> =>
  Effect.gen(function* () {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const source = (yield* KeySource).of(manifest)
    return ring(source, manifest, clock)
  })

/** The keys of a manifest without a file. A digest alone has all scopes. */
export const fixedKeys = ({
  authKeyDigests,
  keys
}: Pick<Manifest, "authKeyDigests" | "keys">): ReadonlyArray<LiveKey> =>
  keys ??
  authKeyDigests
    .filter((digest) => digest.length === 64)
    .map((digest, index) => ({ id: `key-${index + 1}`, digest, scopes: ["admin"] }))

/** True if the service of a manifest asks for a key, also when no key is live at the moment. */
export const isKeyRequired = ({ authKeyDigests, keys, keysFile }: Manifest): boolean =>
  keysFile !== undefined || keys !== undefined || authKeyDigests.length > 0

// internal

const ring = (source: Source, manifest: Manifest, clock: Clock.Clock): Service => {
  const record = recorderOf(manifest)
  let keys: ReadonlyArray<LiveKey> = []
  let auth: BearerAuth.Auth = () => undefined
  let lookedAt = Number.NEGATIVE_INFINITY
  const look = (now: number): void => {
    if (now - lookedAt < keysMaxAgeMillis && now >= lookedAt) return
    lookedAt = now
    const changed = source.changed()
    if (changed === undefined) return
    keys = changed
    auth = BearerAuth.make(changed)
  }
  const isLive = ({ expiresAt }: LiveKey, now: number) => expiresAt === undefined || now < expiresAt
  const find: Service["find"] = (authorization) => {
    const now = clock.unsafeCurrentTimeMillis()
    look(now)
    const found = auth(authorization)
    if (found === undefined || !isLive(found.key, now)) return undefined
    if (now - found.lastUsedAt >= useMillis) {
      found.lastUsedAt = now
      record(found.key.id, now)
    }
    return found
  }
  const share: Service["share"] = (authorization) => {
    const now = clock.unsafeCurrentTimeMillis()
    look(now)
    const live = keys.filter((key) => isLive(key, now))
    const claims = ShareLinks.verify(BearerAuth.keyOf(authorization), live, manifest.deployment.id)
    return claims === undefined ? undefined : { claims, isExpired: now >= claims.expiresAt }
  }
  return {
    isRequired: isKeyRequired(manifest),
    find,
    share,
    callerOf: (authorization) => {
      const key = find(authorization)?.key
      if (key !== undefined) return key
      const link = share(authorization)
      return link === undefined || link.isExpired ? undefined : ShareToken.callerOf(link.claims)
    },
    digests: () => {
      const now = clock.unsafeCurrentTimeMillis()
      look(now)
      return keys.filter((key) => isLive(key, now)).map(({ digest }) => digest)
    }
  }
}

/** The exactness of recorded uses: a key in steady use costs a small file every ten seconds. */
const useMillis = 10_000

type Recorder = (id: string, now: number) => void

/** Writes uses beside the run store, where services of the deployer look. All workers and versions share the file. */
const recorderOf = ({ keysFile, runStore }: Manifest): Recorder => {
  if (keysFile === undefined) return () => {}
  const path = join(dirname(runStore), keyUsesFile)
  const draft = `${path}.${process.pid}`
  return (id, now) => {
    const known = Option.getOrElse(Option.liftThrowable(() => decodeUses(readFileSync(path, "utf8")))(), () => ({}))
    Option.liftThrowable(() => {
      writeFileSync(draft, JSON.stringify({ ...known, [id]: now }), { mode: 0o600 })
      renameSync(draft, path)
    })()
  }
}

const decodeUses = Schema.decodeUnknownSync(Schema.parseJson(KeyUses))

const fixed = (manifest: Manifest): Source => {
  let isRead = false
  return {
    changed: () => {
      if (isRead) return undefined
      isRead = true
      return fixedKeys(manifest)
    }
  }
}

const file = (path: string): Source => {
  const watched = WatchedFile.make(path, decode)
  return { changed: () => watched.changed()?.contents.keys }
}

const decode = Schema.decodeUnknownEither(Schema.parseJson(KeysFile))
