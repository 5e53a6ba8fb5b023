import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { KeyScope, LiveKey } from "../Contract/Keys.js"
import type { Warning } from "../Deployment/Warning.js"
import { DeploymentInvalidSettings, type SecretNotFound } from "../Errors/Input.js"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import type { AuthKey, DeploymentRecord, StoredKey } from "../Store/DeploymentStore.js"
import { digestKey, isOwners, placeOf, proofPlaceOf } from "../Store/Registry/AuthKey.js"
import { SecretBox } from "../Store/Registry/SecretBox.js"
import { SecretStore } from "../Store/SecretStore.js"
import { warningOf } from "./KeyStrength.js"
import { requireSecret } from "./SecretSources.js"

/**
 * Decides the keys of a deployment. Ported from ZenML's rules with one correction: a key can be removed.
 *
 * **Details**
 *
 * A key given with the call wins over what the settings say. `none` asks for no key, and the keys rest until the service asks
 * for one again. `secret` takes the secret's value. `generate` keeps a key that the deployment has, so that callers survive a
 * redeploy and a rollback, unless the call rotates it or it came from a secret. Keys that were added stay in every case, and
 * a removed key never comes back.
 */
export interface AuthKeys {
  readonly decide: (request: {
    readonly deploymentId: string
    readonly auth: Settings.Auth
    readonly existing: DeploymentRecord | undefined
    readonly given: Redacted.Redacted | undefined
    readonly rotate: boolean
    /** Throws away the keys that `none` would let rest. */
    readonly removeAll: boolean
  }) => Effect.Effect<Decision, SecretNotFound | SecretKeyError | DeploymentInvalidSettings | StoreError>
  /** Opens the key of a deployment for its owner's own client. */
  readonly open: (deploymentId: string, authKey: AuthKey) => Effect.Effect<Redacted.Redacted, SecretKeyError>
  /** Makes a new key at random. */
  readonly generate: (
    deploymentId: string,
    rights: { readonly scopes: ReadonlyArray<KeyScope>; readonly expiresAt?: number | undefined }
  ) => Effect.Effect<StoredKey, SecretKeyError>
  /**
   * The secret with which the services of a deployment prove themselves; none if the key of the secrets is lost, which must
   * not keep a deployment without secrets from serving.
   */
  readonly proofSecret: (deploymentId: string) => Effect.Effect<Redacted.Redacted | undefined>
}

export interface Decision {
  /** The key of the owner's own client; none if the service asks for no key. */
  readonly authKey: AuthKey | undefined
  readonly authKeys: ReadonlyArray<StoredKey>
  readonly outcome: "kept" | "generated" | "given" | "removed"
  /** The reason why a given key is weak. */
  readonly warning?: Warning | undefined
}

/** The keys as a service receives them; `undefined` if it asks for none. */
export const liveKeys = ({
  authKey,
  authKeys
}: Pick<DeploymentRecord, "authKey" | "authKeys">): ReadonlyArray<LiveKey> | undefined =>
  authKey === undefined
    ? undefined
    : authKeys.map(({ digest, expiresAt, id, isRetiring, scopes }) => ({
        id,
        digest,
        scopes,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(isRetiring === true ? { isRetiring } : {})
      }))

export const make: Effect.Effect<AuthKeys, never, SecretBox | SecretStore> = Effect.gen(function* () {
  const box = yield* SecretBox
  const secrets = yield* SecretStore

  const stored = (
    deploymentId: string,
    key: Redacted.Redacted,
    rights: Pick<StoredKey, "origin" | "scopes"> & { readonly expiresAt?: number | undefined }
  ) =>
    Effect.gen(function* () {
      const { expiresAt, ...rest } = rights
      return {
        ...rest,
        id: newId(),
        digest: digestKey(key),
        sealed: yield* box.seal(placeOf(deploymentId), key),
        createdAt: yield* Clock.currentTimeMillis,
        ...(expiresAt === undefined ? {} : { expiresAt })
      } satisfies StoredKey
    })

  const generate: AuthKeys["generate"] = (deploymentId, rights) =>
    Effect.flatMap(random, (key) => stored(deploymentId, key, { ...rights, origin: "generated" }))

  /** Another key in the place of the owner's. */
  const replacing = (
    existing: DeploymentRecord | undefined,
    key: StoredKey,
    outcome: Decision["outcome"]
  ): Decision => ({
    authKey: key,
    authKeys: [...othersOf(existing, key), key],
    outcome
  })

  const decide: AuthKeys["decide"] = ({ auth, deploymentId, existing, given, removeAll, rotate }) => {
    const taken = (value: Redacted.Redacted, origin: StoredKey["origin"]) =>
      Effect.flatMap(usable(value), (key) =>
        Effect.map(stored(deploymentId, key, { origin, scopes: all }), (made) => ({
          ...replacing(existing, made, "given"),
          warning: warningOf(key)
        }))
      )
    if (given !== undefined) return taken(given, "given")
    switch (auth._tag) {
      case "none":
        return Effect.succeed({
          authKey: undefined,
          authKeys: removeAll ? [] : (existing?.authKeys ?? []),
          outcome: existing?.authKey === undefined ? "kept" : "removed"
        })
      case "secret":
        return Effect.flatMap(requireSecret(secrets, auth.name), (value) => taken(value, "secret"))
      case "generate":
        return Effect.gen(function* () {
          const kept = rotate ? undefined : keptKey(existing, yield* Clock.currentTimeMillis)
          if (kept !== undefined) return { authKey: kept, authKeys: existing?.authKeys ?? [], outcome: "kept" }
          return replacing(existing, yield* generate(deploymentId, { scopes: all }), "generated")
        })
    }
  }

  return {
    decide,
    generate,
    open: (deploymentId, authKey) => box.open(placeOf(deploymentId), authKey.sealed),
    proofSecret: (deploymentId) =>
      Effect.catchAll(box.derive(proofPlaceOf(deploymentId), "sealing"), (error) =>
        Effect.as(Effect.logWarning("The service cannot prove itself to callers of this registry", error), undefined)
      )
  }
})

// internal

const all: ReadonlyArray<KeyScope> = ["invoke", "read", "admin"]

const random = Effect.sync(() => Redacted.make(randomBytes(32).toString("base64url")))

const newId = (): string => `key-${randomBytes(4).toString("hex")}`

/** The owner's key, or the newest one that can take its place. */
const keptKey = (existing: DeploymentRecord | undefined, now: number): StoredKey | undefined => {
  const candidates = (existing?.authKeys ?? []).filter((key) => key.origin !== "secret" && isOwners(key, now))
  return candidates.find(({ digest }) => digest === existing?.authKey?.digest) ?? candidates.at(-1)
}

/** The keys that stay beside a new key of the owner: neither the old one, nor one of a secret, nor the same key again. */
const othersOf = (existing: DeploymentRecord | undefined, key: StoredKey): ReadonlyArray<StoredKey> =>
  (existing?.authKeys ?? []).filter(
    ({ digest, origin }) => origin !== "secret" && digest !== existing?.authKey?.digest && digest !== key.digest
  )

/** A key without the line end that a file of one line has: no header of HTTP can carry it. */
const usable = (given: Redacted.Redacted): Effect.Effect<Redacted.Redacted, DeploymentInvalidSettings> => {
  const key = Redacted.value(given).replace(/\r?\n$/, "")
  return /^[\x21-\x7e]{8,}$/.test(key)
    ? Effect.succeed(Redacted.make(key))
    : Effect.fail(
        new DeploymentInvalidSettings({
          issues: [{ path: "auth", reason: "a key needs at least 8 printable ASCII characters without spaces" }]
        })
      )
}
