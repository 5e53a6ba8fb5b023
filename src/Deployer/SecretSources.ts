/** The values of a deployment's secrets: stored ones, and the keys of other deployments. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import { DeploymentInvalidSettings, SecretNotFound } from "../Errors/Input.js"
import type { SecretKeyError, StoreError } from "../Errors/Stores.js"
import * as Keep from "../Settings/Keep.js"
import type * as Settings from "../Settings.js"
import type { DeploymentStore } from "../Store/DeploymentStore.js"
import { placeOf } from "../Store/Registry/AuthKey.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import type { SecretStore } from "../Store/SecretStore.js"

/** The stores that have secrets and keys. */
export interface Sources {
  readonly secrets: typeof SecretStore.Service
  readonly deployments: typeof DeploymentStore.Service
  readonly box: typeof SecretBox.Service
}

/** The failures of reading secrets. */
export type SourceError = SecretNotFound | DeploymentInvalidSettings | SecretKeyError | StoreError

/** The values of the secrets of settings, by the names the pipeline reads them by. */
export const findSecrets = (
  sources: Sources,
  settings: Pick<Settings.Deployment, "secrets" | "secretsInEnvironment" | "serving">
): Effect.Effect<Readonly<Record<string, Redacted.Redacted>>, SourceError> => {
  const names = settings.secrets.map(Keep.nameOf)
  const stray = settings.secretsInEnvironment.find((name) => !names.includes(name))
  if (stray !== undefined) {
    return invalid("secretsInEnvironment", `${stray} is not among \`secrets\`; add it there too`)
  }
  const entries = entriesOf(settings)
  return Effect.all(Record.fromEntries(entries.map((entry) => [Keep.nameOf(entry), valueOf(sources, entry)])))
}

/** The names by which a service reads its secrets. */
export const secretNames = (settings: Pick<Settings.Deployment, "secrets" | "serving">): ReadonlyArray<string> =>
  Array.from(new Set(entriesOf(settings).map(Keep.nameOf)))

/** The value of a secret; fails if there is none. */
export const requireSecret = (
  store: typeof SecretStore.Service,
  name: string
): Effect.Effect<Redacted.Redacted, SecretNotFound | SecretKeyError | StoreError> =>
  Effect.flatMap(store.get(name), Option.match({ onNone: () => new SecretNotFound({ name }), onSome: Effect.succeed }))

/** The names in the store of the secrets of settings, the key of callers included; keys of deployments are not stored. */
export const storedNames = ({
  auth,
  secrets,
  serving
}: Pick<Settings.Deployment, "auth" | "secrets" | "serving">): ReadonlyArray<string> => [
  ...ofService({ serving }),
  ...(auth._tag === "secret" ? [auth.name] : []),
  ...secrets.flatMap((entry) => (deploymentOf(entry) === undefined ? [entry] : []))
]

// internal

const entriesOf = (settings: Pick<Settings.Deployment, "secrets" | "serving">): ReadonlyArray<string> => [
  ...ofService(settings),
  ...settings.secrets
]

/** The secrets that the service itself reads. */
const ofService = ({ serving }: Pick<Settings.Deployment, "serving">): ReadonlyArray<string> =>
  serving.runStoreSecret === undefined ? [] : [serving.runStoreSecret]

const deploymentOf = (entry: string): string | undefined => /=key:([a-z0-9-]+)/.exec(entry)?.[1]

const valueOf = (sources: Sources, entry: string): Effect.Effect<Redacted.Redacted, SourceError> => {
  const deployment = deploymentOf(entry)
  return deployment === undefined
    ? requireSecret(sources.secrets, entry)
    : keyOf(sources, Keep.nameOf(entry), deployment)
}

const keyOf = (
  { box, deployments }: Sources,
  name: string,
  ref: string
): Effect.Effect<Redacted.Redacted, DeploymentInvalidSettings | SecretKeyError | StoreError> =>
  Effect.gen(function* () {
    const found = yield* deployments.find(ref)
    if (Option.isNone(found)) {
      return yield* invalid(
        "secrets",
        `${name} is the key of "${ref}", and there is no such deployment; deploy it first`
      )
    }
    const { authKey, deployment } = found.value
    return yield* authKey === undefined
      ? invalid("secrets", `${name} is the key of "${ref}", which has no key; deploy it with \`auth\` other than none`)
      : box.open(placeOf(deployment.id), authKey.sealed)
  })

const invalid = (path: string, reason: string) => new DeploymentInvalidSettings({ issues: [{ path, reason }] })
