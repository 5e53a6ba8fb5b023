import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Config, type ConfigInput } from "../Config/Config.js"
import type { KeyRef, UrlRef } from "../Config/Ref.js"
import { DeploymentName } from "../Deployment.js"
import type { Issue } from "../Errors/Issue.js"
import { type StackCycle, StackInvalid } from "../Errors/Stacks.js"
import type { Snapshot } from "../Snapshot/Model.js"
import { inOrder } from "./Order.js"

/**
 * One deployment of a stack.
 *
 * @category models
 * @since 0.1.0
 */
export interface Member {
  /** Its name in the stack, without the stage. */
  readonly key: string
  /** The name of the deployment. */
  readonly name: string
  readonly pipeline: string | Snapshot
  /** The flavor of a new deployment; default the deployer's own. */
  readonly deployer: string | undefined
  readonly environment: Readonly<Record<string, string | UrlRef>>
  readonly secrets: Readonly<Record<string, true | KeyRef>>
  /** Every other setting, as it was written. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The members that it refers to, by `key`. */
  readonly dependencies: ReadonlyArray<string>
}

/**
 * The deployments of a stack, each after those it refers to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stack {
  readonly members: ReadonlyArray<Member>
  /** The folder that relative paths of pipelines start from; default the current one. */
  readonly directory: string | undefined
}

/**
 * Makes a stack of the deployments of a settings file, or of a program. Fails with every problem of names and references,
 * by the path of the field.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Stack } from "effect-deployers"
 * import { ref } from "effect-deployers/Config"
 *
 * const program = Effect.gen(function* () {
 *   const stack = yield* Stack.make({
 *     deployments: {
 *       catalog: { pipeline: "./catalog.ts" },
 *       shop: { pipeline: "./shop.ts", environment: { CATALOG_URL: ref("catalog").url } }
 *     }
 *   })
 *   const { deployments } = yield* Stack.deploy(stack)
 *   yield* Effect.log(deployments.map(({ changed, deployment }) => `${deployment.name} ${changed}`).join(", "))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  config: ConfigInput,
  options: { readonly stage?: string | undefined; readonly directory?: string | undefined } = {}
): Effect.Effect<Stack, StackInvalid | StackCycle> => fromUnknown(config, options)

/** The same for a value of any type, such as the default export of a settings file. */
export const fromUnknown = (
  config: unknown,
  { directory, stage }: { readonly stage?: string | undefined; readonly directory?: string | undefined }
): Effect.Effect<Stack, StackInvalid | StackCycle> =>
  Effect.gen(function* () {
    const decoded = yield* decode(config)
    const overrides = yield* stageOf(decoded, stage)
    const members = Object.entries(decoded.deployments).map(([key, one]) =>
      memberOf(key, stage === undefined ? key : `${key}-${stage}`, over(one, overrides))
    )
    const issues = members.flatMap((member) => problems(member, members))
    if (issues.length > 0) return yield* new StackInvalid({ issues })
    return { members: yield* inOrder(members), directory }
  })

// internal

type Given = Config["deployments"][string]
type Overrides = Partial<Given>

const decodeConfig = Schema.decodeUnknownEither(Config, { errors: "all", onExcessProperty: "error" })

const decode = (config: unknown): Either.Either<Config, StackInvalid> =>
  Either.mapLeft(
    decodeConfig(config),
    (error) =>
      new StackInvalid({
        issues: ParseResult.ArrayFormatter.formatErrorSync(error).map(({ message, path }) => ({
          path: path.map(String).join("."),
          reason: message
        }))
      })
  )

const stageOf = ({ stages = {} }: Config, stage: string | undefined): Either.Either<Overrides, StackInvalid> => {
  if (stage === undefined) return Either.right({})
  const found = Object.hasOwn(stages, stage) ? stages[stage] : undefined
  if (found !== undefined) return Either.right(found)
  const known = Object.keys(stages)
  const reason =
    known.length === 0
      ? `there is no stage ${JSON.stringify(stage)}, because the stack has no stages; add it under \`stages\``
      : `there is no stage ${JSON.stringify(stage)}; use one of ${known.join(", ")}`
  return Either.left(new StackInvalid({ issues: [{ path: "stages", reason }] }))
}

/** The settings of a deployment under those of a stage; records are merged by name. */
const over = (base: Given, { environment, secrets, ...stage }: Overrides): Given => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(stage).map(([name, value]) => [
      name,
      isRecord(value) && isRecord(base[name]) && !("_tag" in value) ? { ...base[name], ...value } : value
    ])
  ),
  environment: { ...base.environment, ...environment },
  secrets: { ...secretsOf(base.secrets), ...secretsOf(secrets) }
})

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const secretsOf = (secrets: Given["secrets"] = []): Readonly<Record<string, true | KeyRef>> =>
  Array.isArray(secrets)
    ? Object.fromEntries(secrets.map((name) => [name, true]))
    : ({ ...secrets } as Readonly<Record<string, true | KeyRef>>)

const memberOf = (key: string, name: string, given: Given): Member => {
  const { deployer, environment = {}, pipeline, secrets, ...settings } = given
  const named = secretsOf(secrets)
  const refs = [...Object.values(environment), ...Object.values(named)].flatMap((value) =>
    typeof value === "object" ? [value.deployment] : []
  )
  return {
    key,
    name,
    pipeline,
    deployer,
    environment,
    secrets: named,
    settings,
    dependencies: Array.from(new Set(refs))
  }
}

const problems = (member: Member, members: ReadonlyArray<Member>): ReadonlyArray<Issue> => {
  const path = `deployments.${member.key}`
  const known = members.map(({ key }) => key)
  const fields = [
    ...Object.entries(member.environment).map(([name, value]) => ({ path: `${path}.environment.${name}`, value })),
    ...Object.entries(member.secrets).map(([name, value]) => ({ path: `${path}.secrets.${name}`, value }))
  ]
  const unknown = fields.flatMap(({ path, value }): ReadonlyArray<Issue> => {
    if (typeof value === "string" && value.includes("[object Object]")) {
      return [{ path, reason: "a reference cannot be a part of a text; give it as the whole value" }]
    }
    if (typeof value === "object" && value._tag === "KeyRef" && hasNoKey(members, value.deployment)) {
      return [{ path, reason: `${value.deployment} has the setting auth none, so it has no key; remove one of both` }]
    }
    return typeof value === "object" && !known.includes(value.deployment)
      ? [{ path, reason: `there is no deployment ${JSON.stringify(value.deployment)}; use one of ${known.join(", ")}` }]
      : []
  })
  return isName(member.name)
    ? unknown
    : [
        ...unknown,
        {
          path,
          reason: `${JSON.stringify(member.name)} cannot name a deployment: use 1 to 40 lowercase letters, digits and hyphens, starting with a letter`
        }
      ]
}

const isName = Schema.is(DeploymentName)

const hasNoKey = (members: ReadonlyArray<Member>, wanted: string): boolean => {
  const auth = members.find(({ key }) => key === wanted)?.settings["auth"]
  return isRecord(auth) && auth["_tag"] === "none"
}
