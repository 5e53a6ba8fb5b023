/** The subject of `deployers deploy`: one file with a name, or deployments of the settings file. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ConfigFile from "../../Stack/ConfigFile.js"
import type { Flavor } from "../Deployers.js"
import { UsageError } from "../Failure.js"
import type { BundleFlags } from "../Options/BundleFlags.js"
import { canaryMisuse, type GivenCanary } from "./Canary.js"
import { type GivenSettings, settingsOf } from "./DeploySettings.js"

/** The options for one pipeline. */
export interface GivenForFile extends GivenSettings, BundleFlags, GivenCanary {
  readonly deployer: Option.Option<Flavor>
  readonly allowOtherPipeline: boolean
  readonly noReplace: boolean
  readonly noCheck: boolean
  readonly noTypecheck: boolean
  readonly unset: ReadonlyArray<string>
  readonly reset: boolean
  readonly envFile: ReadonlyArray<string>
  readonly plan: boolean
  readonly json: boolean
}

/** The options of the command. */
export interface GivenTargets extends GivenForFile {
  readonly targets: ReadonlyArray<string>
  readonly name: Option.Option<string>
  readonly config: Option.Option<string>
  readonly stage: Option.Option<string>
}

/** The subject of the command: one file with a name, else the settings file. */
export const targetOf = Effect.fnUntraced(function* (given: GivenTargets) {
  const [file, ...more] = given.targets
  const stage = Option.getOrUndefined(given.stage)
  const config = Option.getOrUndefined(given.config)
  if (Option.isSome(given.name)) {
    if (file === undefined) return yield* misuse("The argument <file[#export]> is missing.")
    if (more.length > 0) return yield* misuse(`The argument "${more[0]}" is one too many.`)
    if (stage !== undefined || config !== undefined) {
      return yield* misuse("--stage and --config are options of the settings file; omit them, or --name.")
    }
    const fault = canaryMisuse(given)
    if (fault !== undefined) return yield* misuse(fault)
    return { _tag: "File", file, name: given.name.value } as const
  }
  const isStack = config !== undefined || stage !== undefined || !given.targets.some(isPath)
  if (!isStack) return yield* misuse("The option --name is missing.")
  if (config === undefined && !(yield* ConfigFile.isThere)) {
    return yield* misuse("The argument <file[#export]> is missing, and this folder has no deployers.config.ts.")
  }
  if (hasOwnSettings(given)) {
    return yield* misuse("The settings of these deployments are in the settings file; change them there.")
  }
  return { _tag: "Stack", only: given.targets, config, stage } as const
})

/** Fails on wrong usage before the services of the command start. */
export const checkUsage = (given: GivenTargets) => Effect.asVoid(targetOf(given))

// internal

/** A path has a dot, a slash or an export; a name has none of them. */
const isPath = (target: string): boolean => /[./\\#]/.test(target)

const hasOwnSettings = (given: GivenForFile): boolean =>
  Object.keys(settingsOf(given)).length > 0 ||
  Option.isSome(given.deployer) ||
  given.noReplace ||
  Option.isSome(given.canary) ||
  Option.isSome(given.abortOn) ||
  given.noCheck ||
  given.reset ||
  given.envFile.length > 0 ||
  given.unset.length > 0

const misuse = (message: string): UsageError =>
  new UsageError({ message, hint: "`deployers deploy --help` shows the usage." })
