import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { KeyScope } from "../../Contract/Keys.js"
import { CanaryActive } from "../../Errors/Canary.js"
import { AuthKeyNotFound, DeploymentInvalidSettings } from "../../Errors/Input.js"
import { DeploymentNotFound } from "../../Errors/Lifecycle.js"
import type { BackendDeprovisionError } from "../../Flavor/Backend.js"
import type { AuthKey, DeploymentRecord, Lease, StoredKey } from "../../Store/DeploymentStore.js"
import { isOwners } from "../../Store/Registry/AuthKey.js"
import { liveKeys } from "../AuthKeys.js"
import type { AuthKeyChangeError, KeyInfo, KeyOptions, NewKey } from "../Contract.js"
import { currentInstance, type DeployerContext, requireDeployment } from "../DeployerContext.js"
import { reprovision } from "./PlanAndRollback.js"

/** The live keys of a deployment, without the keys themselves. */
export const list = (context: DeployerContext, ref: string) =>
  Effect.gen(function* () {
    const record = yield* requireDeployment(context.deployments, ref)
    const used = yield* lastUses(context, record)
    return record.authKeys.map((key) => infoOf(key, record.authKey, used.get(key.id)))
  })

/** Adds a key; the others stay. */
export const add = (context: DeployerContext, ref: string, options: KeyOptions = {}) =>
  change(context, ref, (record, now) =>
    Effect.gen(function* () {
      if (record.authKeys.length >= mostKeys) return yield* refused(`has ${mostKeys} keys already; remove one first`)
      const key = yield* made(context, record, { scopes: options.scopes ?? all, expiresAt: options.expiresAt }, now)
      return { authKey: record.authKey, authKeys: [...record.authKeys, key], key, event: "auth_key_generated" as const }
    })
  ).pipe(Effect.flatMap((changed) => opened(context, changed)))

/**
 * Makes a key that takes the place of another: both are live until the old one is removed, or until the next rotation of the
 * same key, which removes it.
 */
export const rotate = (
  context: DeployerContext,
  ref: string,
  options: { readonly id?: string | undefined; readonly expiresAt?: KeyOptions["expiresAt"] } = {}
) =>
  change(context, ref, (record, now) =>
    Effect.gen(function* () {
      const old = yield* options.id === undefined ? Effect.succeed(ownOf(record)) : required(record, options.id)
      if (old?.origin === "secret")
        return yield* refused("is a stored secret; set the secret and provision the deployment")
      const scopes = old?.scopes ?? all
      const key = yield* made(context, record, { scopes, expiresAt: options.expiresAt }, now)
      const kept = record.authKeys
        .filter(({ digest, isRetiring }) => isRetiring !== true || digest === old?.digest)
        .map((one) => (one.digest === old?.digest ? { ...one, isRetiring: true } : one))
      const authKey = old === undefined || old.digest === record.authKey?.digest ? key : record.authKey
      return { authKey, authKeys: [...kept, key], key, event: "auth_key_generated" as const }
    })
  ).pipe(Effect.flatMap((changed) => opened(context, changed)))

/** Removes a key. When it succeeds, every service of the deployment refuses the key. */
export const remove = (context: DeployerContext, ref: string, id: string) =>
  change(context, ref, (record, now) =>
    Effect.gen(function* () {
      const key = yield* required(record, id)
      const authKeys = record.authKeys.filter((one) => one.id !== id)
      const next = ownersAmong(authKeys, now)
      if (record.authKey !== undefined && next === undefined) {
        return yield* refused("would lose its last key with every scope; add one first, or remove all keys")
      }
      const authKey = record.authKey?.digest === key.digest ? next : record.authKey
      return { authKey, authKeys, key, event: "auth_key_removed" as const }
    })
  ).pipe(Effect.asVoid)

// internal

const all: ReadonlyArray<KeyScope> = ["invoke", "read", "admin"]

const mostKeys = 16

interface Change extends Pick<DeploymentRecord, "authKey" | "authKeys"> {
  readonly key: StoredKey
  readonly event: "auth_key_generated" | "auth_key_removed"
}

interface Changed {
  readonly record: DeploymentRecord
  readonly key: StoredKey
}

/**
 * Changes the keys in the registry first, which every later start of an instance reads, and then in the services that run. A
 * flavor whose services cannot take other keys gets a new generation.
 */
const change = <E>(
  context: DeployerContext,
  ref: string,
  edit: (record: DeploymentRecord, now: number) => Effect.Effect<Change, E>
): Effect.Effect<Changed, E | AuthKeyChangeError> =>
  Effect.gen(function* () {
    const found = yield* Effect.flatMap(requireDeployment(context.deployments, ref), context.requests.owned)
    const changed = yield* context.leases.hold(found.deployment, (lease) =>
      Effect.gen(function* () {
        const record = yield* Effect.flatMap(
          context.deployments.find(lease.deploymentId),
          Option.match({ onNone: () => Effect.fail(new DeploymentNotFound({ ref })), onSome: Effect.succeed })
        )
        const { candidate, name } = record.deployment
        if (candidate !== undefined) return yield* new CanaryActive({ name, generation: candidate.generation })
        const edited = yield* edit(record, yield* Clock.currentTimeMillis).pipe(
          // A removal that broke off after the registry may be repeated: the services get the keys of the registry again.
          Effect.tapError(() => apply(context, lease, record))
        )
        const saved = yield* context.deployments.setAuthKey(lease, edited.authKey, edited.authKeys)
        const applied = yield* apply(context, lease, saved)
        yield* report(context, saved, edited)
        return { record: saved, key: edited.key, applied }
      }).pipe(Effect.uninterruptible)
    )
    if (!changed.applied) yield* reprovision(context, changed.record.deployment.id, { check: false })
    return changed
  })

/** False if the services that run did not get the keys. */
const apply = (context: DeployerContext, lease: Lease, record: DeploymentRecord) =>
  Effect.gen(function* () {
    const live = liveKeys(record)
    const serves = record.deployment.generation > 0 && record.deployment.desired === "running"
    if (live === undefined || !serves) return true
    const { updateKeys } = context.backend
    if (updateKeys === undefined) return false
    const { authKey, authKeys } = record
    const keys = { live, authKeys, ...(authKey === undefined ? {} : { authKey: sealedOf(authKey) }) }
    return yield* context.leases.fenced(lease)<boolean, BackendDeprovisionError, never>(
      updateKeys(currentInstance(record), keys)
    )
  })

const sealedOf = ({ digest, sealed }: AuthKey): AuthKey => ({ digest, sealed })

const report = (context: DeployerContext, { deployment }: DeploymentRecord, { event, key }: Change) =>
  Effect.flatMap(context.ids.next, (operationId) =>
    context.journals
      .open({ deploymentId: deployment.id, deploymentName: deployment.name, operation: "keys", operationId })
      .emit(event, { key: key.id, scopes: key.scopes })
  )

const made = (
  context: DeployerContext,
  { authKey, deployment }: DeploymentRecord,
  { expiresAt, scopes }: KeyOptions & { readonly scopes: ReadonlyArray<KeyScope> },
  now: number
) =>
  Effect.gen(function* () {
    if (authKey === undefined) return yield* refused("asks for no key; `deployers auth rotate` gives it one")
    if (scopes.length === 0) return yield* refused("needs a key with a scope: invoke, read or admin")
    const end = expiresAt === undefined ? undefined : DateTime.toEpochMillis(expiresAt)
    if (end !== undefined && end <= now) return yield* refused("cannot get a key that has expired; give a later time")
    return yield* context.authKeys.generate(deployment.id, { scopes, expiresAt: end })
  })

const refused = (reason: string) =>
  new DeploymentInvalidSettings({ issues: [{ path: "auth", reason: `the deployment ${reason}` }] })

const ownOf = ({ authKey, authKeys }: DeploymentRecord): StoredKey | undefined =>
  authKeys.find(({ digest }) => digest === authKey?.digest)

const ownersAmong = (authKeys: ReadonlyArray<StoredKey>, now: number): StoredKey | undefined => {
  const owners = authKeys.filter((key) => isOwners(key, now))
  return owners.filter(({ isRetiring }) => isRetiring !== true).at(-1) ?? owners.at(-1)
}

const required = ({ authKeys, deployment }: DeploymentRecord, id: string) => {
  const found = authKeys.find((key) => key.id === id)
  return found === undefined
    ? Effect.fail(new AuthKeyNotFound({ deployment: deployment.name, key: id }))
    : Effect.succeed(found)
}

const opened = (context: DeployerContext, { key, record }: Changed) =>
  Effect.map(
    context.authKeys.open(record.deployment.id, key),
    (value): NewKey => ({ ...infoOf(key, record.authKey, undefined), key: value })
  )

const infoOf = (key: StoredKey, own: AuthKey | undefined, usedAt: number | undefined): KeyInfo => ({
  id: key.id,
  scopes: key.scopes,
  origin: key.origin,
  isOwn: key.digest === own?.digest,
  isRetiring: key.isRetiring === true,
  createdAt: DateTime.unsafeMake(key.createdAt),
  ...(key.expiresAt === undefined ? {} : { expiresAt: DateTime.unsafeMake(key.expiresAt) }),
  ...(usedAt === undefined ? {} : { lastUsedAt: DateTime.unsafeMake(usedAt) })
})

/** Unknown uses do not keep a list from its reader. */
const lastUses = (context: DeployerContext, record: DeploymentRecord): Effect.Effect<ReadonlyMap<string, number>> =>
  context.backend.keyUses === undefined
    ? Effect.succeed(new Map())
    : Effect.orElseSucceed(context.backend.keyUses(currentInstance(record)), () => new Map())
