/** The members of a stack with the deployer and the snapshot of each. */
import { isAbsolute, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Bundler } from "../Bundle/Contract.js"
import { type FromFileError, fromFile } from "../Bundle/SnapshotFromFile.js"
import { Deployer, type Service } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import { DeploymentInvalidSettings } from "../Errors/Input.js"
import type { Issue } from "../Errors/Issue.js"
import { StackInvalid } from "../Errors/Stacks.js"
import type { StoreError } from "../Errors/Stores.js"
import { bundlingFor, mergeBundling, splitBundling } from "../Settings/Bundling.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { digestKey } from "../Store/Registry/AuthKey.js"
import type { SnapshotStore } from "../Store/SnapshotStore.js"
import type { Member, Stack } from "./Definition.js"
import { withDependencies } from "./Order.js"

/** A member, ready to be planned and deployed. */
export interface Prepared extends Member {
  readonly service: Service
  readonly snapshot: Snapshot
  /** The deployment before the stack is deployed. */
  readonly before: Deployment | undefined
  /** Settings that only other deployers have. */
  readonly ignored: ReadonlyArray<string>
}

/**
 * The selection of members, and the deployers by flavor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The keys or names of the members to deploy, with those they depend on; default all. */
  readonly only?: ReadonlyArray<string> | undefined
  /** The deployers by flavor; without them `Deployer` makes every deployment. */
  readonly deployers?: Readonly<Record<string, Service>> | undefined
}

/** Checks the members and bundles their pipelines; nothing is deployed. */
export const prepare = (
  { directory, members }: Stack,
  { deployers = {}, only }: Options
): Effect.Effect<ReadonlyArray<Prepared>, StackInvalid | FromFileError, Deployer | Bundler | SnapshotStore> =>
  Effect.gen(function* () {
    const fallback = yield* Deployer
    const selected = yield* select(members, only)
    const placed = yield* Effect.forEach(selected, (member) => place(member, fallback, deployers))
    const known = new Set([fallback, ...Object.values(deployers)].flatMap(({ settingNames }) => settingNames))
    const issues = placed.flatMap((member) => unknownSettings(member, known))
    if (issues.length > 0) return yield* new StackInvalid({ issues })
    return yield* Effect.forEach(placed, (member) =>
      Effect.map(snapshotOf(member, directory), (snapshot): Prepared => ({ ...member, snapshot }))
    )
  })

/** The settings of a member for its deployer, with the references to the deployments as they are now. */
export const settingsOf = (
  { environment, ignored, secrets, settings }: Prepared,
  resolve: Resolve
): Effect.Effect<Readonly<Record<string, unknown>>, StoreError> =>
  Effect.gen(function* () {
    const values = yield* Effect.forEach(Object.entries(environment), ([name, value]) =>
      typeof value === "string"
        ? Effect.succeed([[name, value]])
        : Effect.map(resolve.url(value.deployment), (url) => (url === undefined ? [] : [[name, url]]))
    )
    const names = yield* Effect.forEach(Object.entries(secrets), ([name, value]) =>
      value === true
        ? Effect.succeed([name])
        : Effect.map(resolve.key(value.deployment), (source) => (source === undefined ? [] : [`${name}=${source}`]))
    )
    return {
      ...Object.fromEntries(Object.entries(splitBundling(settings).others).filter(([name]) => !ignored.includes(name))),
      environment: Object.fromEntries(values.flat()),
      secrets: names.flat()
    }
  })

/** The outputs of the members. A missing one leaves its variable or secret out. */
export interface Resolve {
  readonly url: (key: string) => Effect.Effect<string | undefined, StoreError>
  readonly key: (key: string) => Effect.Effect<string | undefined, StoreError>
}

/**
 * The outputs of the members as the registry has them. A plan shows a missing URL as text, and leaves a missing key out; a
 * provision fails on a missing key.
 */
export const outputs = (members: ReadonlyArray<Prepared>, mode: "deploy" | "plan" = "deploy"): Resolve => {
  const find = (key: string) => members.find((member) => member.key === key)
  const current = (member: Prepared) =>
    member.service.get(member.name).pipe(Effect.catchTag("DeploymentNotFound", () => Effect.succeed(undefined)))
  return {
    url: (key) => {
      const member = find(key)
      return member === undefined
        ? Effect.succeed(undefined)
        : Effect.map(
            current(member),
            (deployment) => deployment?.url ?? (mode === "plan" ? `(url of ${member.name})` : undefined)
          )
    },
    key: (key) => {
      const member = find(key)
      return member === undefined
        ? Effect.succeed(undefined)
        : Effect.map(keySource(member), (source) => source ?? (mode === "plan" ? undefined : `key:${member.name}`))
    }
  }
}

/** The failure of one member, with the path of its fields in the stack. */
export const inStack =
  ({ key }: Member) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StackInvalid, R> =>
    Effect.mapError(effect, (error) =>
      error instanceof DeploymentInvalidSettings
        ? new StackInvalid({
            issues: error.issues.map(({ path, reason }) => ({ path: `deployments.${key}.${path}`, reason }))
          })
        : error
    )

// internal

/** The fingerprint makes another key another setting, so a rotated key reaches the deployments that use it. */
const keySource = ({ name, service }: Prepared): Effect.Effect<string | undefined, StoreError> =>
  service.authKey(name).pipe(
    Effect.map((key) => (key === undefined ? undefined : `key:${name}@${digestKey(key).slice(0, 12)}`)),
    Effect.catchTags({
      DeploymentNotFound: () => Effect.succeed(undefined),
      // The provision opens the key, too, and reports it.
      SecretKeyError: () => Effect.succeed(`key:${name}`)
    })
  )

const select = (
  members: ReadonlyArray<Member>,
  only: ReadonlyArray<string> | undefined
): Effect.Effect<ReadonlyArray<Member>, StackInvalid> => {
  if (only === undefined || only.length === 0) return Effect.succeed(members)
  const unknown = only.filter((name) => !members.some((member) => member.key === name || member.name === name))
  if (unknown.length > 0) {
    const known = members.map(({ key }) => key).join(", ")
    return new StackInvalid({
      issues: unknown.map((name) => ({
        path: "deployments",
        reason: `there is no deployment ${JSON.stringify(name)}; use one of ${known}`
      }))
    })
  }
  const wanted = members.filter(({ key, name }) => only.includes(key) || only.includes(name))
  const all = new Set(wanted.flatMap((member) => withDependencies(members, member)))
  return Effect.succeed(members.filter((member) => all.has(member)))
}

const place = (
  member: Member,
  fallback: Service,
  deployers: Readonly<Record<string, Service>>
): Effect.Effect<Omit<Prepared, "snapshot">, StackInvalid | StoreError> =>
  Effect.gen(function* () {
    const before = yield* fallback.get(member.name).pipe(
      Effect.map(Option.some),
      Effect.catchTag("DeploymentNotFound", () => Effect.succeedNone)
    )
    const owner = Option.map(before, ({ deployer }) => deployer.flavor)
    const flavor = member.deployer ?? Option.getOrUndefined(owner) ?? Object.keys(deployers)[0]
    const service =
      flavor === undefined ? fallback : (deployers[flavor] ?? (fallback.flavor === flavor ? fallback : undefined))
    if (service === undefined) {
      const known = Array.from(new Set([...Object.keys(deployers), fallback.flavor])).join(", ")
      return yield* new StackInvalid({
        issues: [
          {
            path: `deployments.${member.key}.deployer`,
            reason: `there is no deployer ${JSON.stringify(flavor)}; use one of ${known}`
          }
        ]
      })
    }
    const ignored = Object.keys(splitBundling(member.settings).others).filter(
      (name) => !service.settingNames.includes(name)
    )
    return { ...member, service, before: Option.getOrUndefined(before), ignored }
  })

const unknownSettings = (
  { ignored, key }: Omit<Prepared, "snapshot">,
  known: ReadonlySet<string>
): ReadonlyArray<Issue> =>
  ignored
    .filter((name) => !known.has(name))
    .map((name) => ({
      path: `deployments.${key}.${name}`,
      reason: "no deployer has a setting of this name; correct or remove it"
    }))

const snapshotOf = ({ pipeline, settings }: Member, directory: string | undefined) => {
  if (typeof pipeline !== "string") return Effect.succeed(pipeline)
  const file = directory === undefined || isAbsolute(pipeline) ? pipeline : join(directory, pipeline)
  const { bundling, others } = splitBundling(settings)
  return fromFile(file, { bundling: mergeBundling(bundling, bundlingFor(others.serving)) })
}
