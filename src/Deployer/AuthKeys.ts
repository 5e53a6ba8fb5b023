import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { DeploymentInvalidSettings, type SecretNotFound } from "../Errors/Input.js"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"
import type * as Settings from "../Settings.js"
import { digestKey, placeOf } from "../Store/AuthKey.js"
import type { AuthKey, DeploymentRecord } from "../Store/DeploymentStore.js"
import { SecretBox } from "../Store/SecretBox.js"
import { SecretStore } from "../Store/SecretStore.js"
import { requireSecret } from "./SecretSources.js"

/**
 * Decides the key of a deployment. Ported from ZenML's rules with one correction: a key can be removed.
 *
 * **Details**
 *
 * A key given with the call wins. `none` removes the key. `secret` takes the secret's value. `generate` keeps the current
 * key, so that callers survive a redeploy, unless the call rotates it or it came from a secret.
 */
export interface AuthKeys {
  readonly decide: (request: {
    readonly deploymentId: string
    readonly auth: Settings.Auth
    readonly existing: DeploymentRecord | undefined
    readonly given: Redacted.Redacted | undefined
    readonly rotate: boolean
  }) => Effect.Effect<Decision, SecretNotFound | SecretKeyError | DeploymentInvalidSettings | StoreError>
  /** Opens the key of a deployment for its owner's own client. */
  readonly open: (deploymentId: string, authKey: AuthKey) => Effect.Effect<Redacted.Redacted, SecretKeyError>
}

export interface Decision {
  readonly authKey: AuthKey | undefined
  readonly outcome: "kept" | "generated" | "given" | "removed"
}

export const make: Effect.Effect<AuthKeys, never, SecretBox | SecretStore> = Effect.gen(function* () {
  const box = yield* SecretBox
  const secrets = yield* SecretStore

  const seal = (deploymentId: string, key: Redacted.Redacted, outcome: Decision["outcome"]) =>
    Effect.map(
      box.seal(placeOf(deploymentId), key),
      (sealed): Decision => ({ authKey: { digest: digestKey(key), sealed }, outcome })
    )

  const decide: AuthKeys["decide"] = ({ auth, deploymentId, existing, given, rotate }) => {
    if (given !== undefined) return Effect.flatMap(usable(given), (key) => seal(deploymentId, key, "given"))
    switch (auth._tag) {
      case "none":
        return Effect.succeed({ authKey: undefined, outcome: existing?.authKey === undefined ? "kept" : "removed" })
      case "secret":
        return requireSecret(secrets, auth.name).pipe(
          Effect.flatMap(usable),
          Effect.flatMap((key) => seal(deploymentId, key, "given"))
        )
      case "generate":
        return existing?.authKey !== undefined && !rotate && !cameFromSecret(existing)
          ? Effect.succeed({ authKey: existing.authKey, outcome: "kept" })
          : Effect.flatMap(generate, (key) => seal(deploymentId, key, "generated"))
    }
  }

  return { decide, open: (deploymentId, authKey) => box.open(placeOf(deploymentId), authKey.sealed) }
})

// internal

const generate = Effect.sync(() => Redacted.make(randomBytes(32).toString("base64url")))

const cameFromSecret = (record: DeploymentRecord): boolean => {
  const auth = record.settings.auth
  return typeof auth === "object" && auth !== null && "_tag" in auth && auth._tag === "secret"
}

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
