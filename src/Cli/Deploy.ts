/** `deployers deploy`: from a file to a running service. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { TypeChecker } from "../Bundle.js"
import { Deployer, Plan } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import type { DockerSettingsInput } from "../Docker/Settings.js"
import * as Settings from "../Settings.js"
import * as Snapshot from "../Snapshot.js"
import * as ConfigFile from "../Stack/ConfigFile.js"
import { type BundleFlags, bundleFlags, bundlingOf } from "./BundleFlags.js"
import {
  afterChange,
  allowOtherPipeline,
  count,
  flag,
  json,
  note,
  operationTimeout,
  pipelineFileOrNames,
  print,
  text,
  texts,
  whenInterrupted
} from "./Common.js"
import { containerOptions, containerSettings, type GivenContainer } from "./ContainerFlags.js"
import { chosen, type Flavor, flavors } from "./Deployers.js"
import * as DeploymentView from "./DeploymentView.js"
import * as DeployStack from "./DeployStack.js"
import * as EnvFile from "./EnvFile.js"
import { UsageError } from "./Failure.js"
import * as Json from "./Json.js"
import * as Progress from "./Progress.js"
import * as Render from "./Render.js"

/** The options that are settings of the deployment. */
const settingOptions = {
  auth: Options.text("auth").pipe(
    Options.withPseudoName("generate|none|secret:NAME"),
    Options.withDescription("The key that callers need: a generated one (default), none, or a stored secret."),
    Options.filterMap((text) => parseAuth(text), "Give --auth one of generate, none or secret:NAME."),
    Options.optional
  ),
  env: texts("env", "An environment variable of the service; can be repeated.", "KEY=VALUE").pipe(
    Options.filterMap((pairs) => parsePairs(pairs), "Write --env as KEY=VALUE.")
  ),
  envFile: texts(
    "env-file",
    "A file of environment variables, such as .env; --env overrides it; can be repeated.",
    "file"
  ),
  secret: texts("secret", "A stored secret that the pipeline may read; can be repeated.", "NAME"),
  port: count("port", 1, 65_535, "The port to listen on; default: a free one."),
  address: text(
    "address",
    "The address to listen on, of this machine or of the engine's: 127.0.0.1 (default) for callers on that machine, 0.0.0.0 or :: for callers on every network.",
    "IP"
  ),
  workers: count(
    "workers",
    1,
    Settings.maxWorkers,
    "Number of processes that serve behind the one port; default: the pipeline's setting, else 1."
  ),
  keepRuns: count(
    "keep-runs",
    1,
    Number.MAX_SAFE_INTEGER,
    "Number of newest runs to keep; default: the pipeline's setting, else all."
  ),
  ...containerOptions,
  timeout: operationTimeout
} as const

export const deploy = Command.make(
  "deploy",
  {
    targets: pipelineFileOrNames,
    name: text("name", "Name of the deployment."),
    config: text("config", "The settings file; default deployers.config.ts, .mts, .js or .mjs.", "file"),
    stage: text("stage", "The stage of the settings file: its deployments are named NAME-STAGE."),
    deployer: Options.choice("deployer", flavors).pipe(
      Options.withDescription(
        "A process of this machine (local, the default) or a container of the Docker engine. An existing deployment keeps its deployer."
      ),
      Options.optional
    ),
    replace: flag("replace", "Replace an existing deployment of that name, which is the default."),
    allowOtherPipeline,
    noReplace: flag("no-replace", "Fail if a deployment of that name exists."),
    ...settingOptions,
    ...bundleFlags,
    noCheck: flag("no-check", "Serve the new version without a run of the pipeline's check."),
    noTypecheck: flag("no-typecheck", "Deploy without a type check by the project's TypeScript."),
    unset: texts(
      "unset",
      "Remove a setting that an earlier deploy gave, such as port, env:NAME or secrets:NAME; can be repeated.",
      "KEY"
    ),
    reset: flag("reset", "Keep no setting of earlier deploys: the defaults, and the settings of this call."),
    plan: flag("plan", "Show the change and make none."),
    json
  },
  Effect.fnUntraced(function* (given) {
    const target = yield* targetOf(given)
    if (target._tag === "Stack") {
      const { json, plan } = given
      const stack = DeployStack.deploy({ ...target, json, plan })
      return yield* given.noTypecheck ? Effect.provide(stack, TypeChecker.layerNone) : stack
    }
    return yield* deployFile(target.file, target.name, given)
  })
).pipe(Command.withDescription("Serve a pipeline as a deployment, or the deployments of the settings file."))

// internal

/** Deploys one pipeline under a name. */
const deployFile = Effect.fnUntraced(function* (file: string, name: string, given: GivenForFile) {
  const deployer = yield* chosen(Option.getOrUndefined(given.deployer))
  const env = { ...(yield* EnvFile.read(given.envFile)), ...given.env }
  yield* note(`Bundling ${Render.clean(file)}`)
  const fromFile = Snapshot.fromFile(file, { bundling: bundlingOf(given) })
  const snapshot = yield* given.noTypecheck ? Effect.provide(fromFile, TypeChecker.layerNone) : fromFile
  const options = {
    name,
    replace: !given.noReplace,
    allowOtherPipeline: given.allowOtherPipeline,
    check: !given.noCheck,
    keep: !given.reset,
    unset: given.unset,
    settings: settingsOf({ ...given, env })
  }
  if (given.plan) return yield* printPlan(given.json, yield* deployer.plan(snapshot, options))
  const before = yield* currentKey(name)
  const { changed } = yield* deployer.plan(snapshot, options)
  const deployment = yield* Progress.follow(name, deployer.provision(snapshot, options)).pipe(
    whenInterrupted(afterChange(name))
  )
  yield* printDeployed(given.json, { deployment, snapshot, before, changed })
})

/** The options for one pipeline. */
interface GivenForFile extends Given, BundleFlags {
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

interface GivenTargets extends GivenForFile {
  readonly targets: ReadonlyArray<string>
  readonly name: Option.Option<string>
  readonly config: Option.Option<string>
  readonly stage: Option.Option<string>
}

/** The subject of the command: one file with a name, else the settings file. */
const targetOf = Effect.fnUntraced(function* (given: GivenTargets) {
  const [file, ...more] = given.targets
  const stage = Option.getOrUndefined(given.stage)
  const config = Option.getOrUndefined(given.config)
  if (Option.isSome(given.name)) {
    if (file === undefined) return yield* misuse("The argument <file[#export]> is missing.")
    if (more.length > 0) return yield* misuse(`The argument "${more[0]}" is one too many.`)
    if (stage !== undefined || config !== undefined) {
      return yield* misuse("--stage and --config are options of the settings file; omit them, or --name.")
    }
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

/** A path has a dot, a slash or an export; a name has none of them. */
const isPath = (target: string): boolean => /[./\\#]/.test(target)

const hasOwnSettings = (given: GivenForFile): boolean =>
  Object.keys(settingsOf(given)).length > 0 ||
  Option.isSome(given.deployer) ||
  given.noReplace ||
  given.noCheck ||
  given.reset ||
  given.envFile.length > 0 ||
  given.unset.length > 0

/** Fails on wrong usage before the services of the command start. */
export const checkUsage = (given: GivenTargets) => Effect.asVoid(targetOf(given))

const misuse = (message: string): UsageError =>
  new UsageError({ message, hint: "`deployers deploy --help` shows the usage." })

/** Values of {@link settingOptions}. */
interface Given extends GivenContainer {
  readonly auth: Option.Option<Settings.Auth>
  readonly env: Readonly<Record<string, string>>
  readonly secret: ReadonlyArray<string>
  readonly port: Option.Option<number>
  readonly address: Option.Option<string>
  readonly workers: Option.Option<number>
  readonly keepRuns: Option.Option<number>
  readonly timeout: Option.Option<number>
}

/** The settings of the given options. Snapshot and deployer supply the others. */
const settingsOf = (given: Given): DockerSettingsInput => ({
  ...(Option.isSome(given.auth) ? { auth: given.auth.value } : {}),
  ...(Object.keys(given.env).length > 0 ? { environment: given.env } : {}),
  ...(given.secret.length > 0 ? { secrets: given.secret } : {}),
  ...(Option.isSome(given.port) ? { port: given.port.value } : {}),
  ...(Option.isSome(given.address) ? { address: given.address.value } : {}),
  ...servingOf(given),
  ...containerSettings(given),
  ...(Option.isSome(given.timeout) ? { timeoutMillis: given.timeout.value } : {})
})

const currentKey = (name: string) =>
  Effect.flatMap(Deployer, (deployer) => deployer.authKey(name)).pipe(
    Effect.catchTag("DeploymentNotFound", () => Effect.succeed(undefined))
  )

interface Deployed {
  readonly deployment: Deployment
  readonly snapshot: Snapshot.Snapshot
  /** The key before. */
  readonly before: Redacted.Redacted | undefined
  /** False for a redeploy of the same version with the same settings. */
  readonly changed: boolean
}

const printDeployed = Effect.fnUntraced(function* (
  asJson: boolean,
  { before, changed, deployment, snapshot }: Deployed
) {
  const deployer = yield* Deployer
  const [revision] = yield* deployer.revisions(deployment.id)
  const settings = Option.getOrUndefined(decodeSettings(revision?.settings))
  const key = yield* deployer.authKey(deployment.id)
  const isNew = key !== undefined && (before === undefined || Redacted.value(before) !== Redacted.value(key))
  const shown = isNew && settings?.auth._tag === "generate" ? key : undefined
  const call = {
    deployment,
    serving: settings?.serving ?? defaults,
    input: snapshot.spec.input,
    authKey: shown
  }
  yield* print(asJson, { ...Json.deployment(deployment, shown), changed }, (hasColor) =>
    [
      ...(changed ? [] : ["Nothing has changed: the same pipeline and settings serve as a new generation.", ""]),
      DeploymentView.render(hasColor, deployment, { authKey: shown }),
      ...(shown === undefined ? [] : [DeploymentView.keyRemark]),
      "",
      DeploymentView.howToCall(call)
    ].join("\n")
  )
})

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)
const defaults = Schema.decodeSync(Settings.Serving)({})

const printPlan = (asJson: boolean, plan: Plan) =>
  print(asJson, Schema.encodeSync(Plan)(plan), (hasColor) =>
    [
      Render.fields(hasColor, [
        ["action", plan.action],
        ["name", plan.name],
        ["generation", String(plan.generation)],
        ["snapshot", `${plan.snapshot.pipelineName}@${plan.snapshot.version}`],
        ["changed", plan.changed ? "yes" : "no"],
        ["gap", plan.gap ? "the service refuses callers for a moment" : "none"]
      ]),
      ...(plan.action === "create" ? [] : plan.changes).map(({ from, path, to }) =>
        Render.clean(`  ${path}: ${Render.jsonLine(from ?? null)} -> ${Render.jsonLine(to ?? null)}`)
      ),
      ...plan.warnings.map(({ message }) => Render.clean(`  warning: ${message}`)),
      ...plan.kept.map(({ path, value }) => Render.clean(`  ${path}: ${Render.jsonLine(value)} stays`))
    ].join("\n")
  )

const servingOf = ({ keepRuns, workers }: Given): Pick<Settings.DeploymentInput, "serving"> =>
  Option.isNone(keepRuns) && Option.isNone(workers)
    ? {}
    : {
        serving: {
          ...(Option.isSome(workers) ? { workers: workers.value } : {}),
          ...(Option.isSome(keepRuns) ? { keepRuns: keepRuns.value } : {})
        }
      }

const parseAuth = (text: string): Option.Option<Settings.Auth> => {
  if (text === "generate" || text === "none") return Option.some({ _tag: text })
  const [, name] = /^secret:(.+)$/.exec(text) ?? []
  return name === undefined ? Option.none() : Option.some({ _tag: "secret", name })
}

const parsePairs = (pairs: ReadonlyArray<string>): Option.Option<Readonly<Record<string, string>>> => {
  const entries = pairs.map((pair): readonly [string, string] => {
    const equals = pair.indexOf("=")
    return [pair.slice(0, Math.max(0, equals)), pair.slice(equals + 1)]
  })
  return entries.some(([key]) => key === "") ? Option.none() : Option.some(Object.fromEntries(entries))
}
