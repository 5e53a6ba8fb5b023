/** `deployers deploy`: from a file to a running service. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CodeCaching, TypeChecker } from "../../Bundle.js"
import { Deployer } from "../../Deployer.js"
import { type BundlingInput, bundlingFor, mergeBundling } from "../../Settings/Bundling.js"
import * as Snapshot from "../../Snapshot.js"
import {
  afterChange,
  allowOtherPipeline,
  flag,
  json,
  pipelineFileOrNames,
  text,
  texts,
  whenInterrupted
} from "../Common.js"
import { chosen, flavors } from "../Deployers.js"
import { bundleFlags, bundlingOf } from "../Options/BundleFlags.js"
import * as EnvFile from "../Options/EnvFile.js"
import * as Progress from "../Output/Progress.js"
import { Output } from "../Output.js"
import { afterCanary, canariesOf, canaryOptions } from "./Canary.js"
import { printDeployed, printPlan } from "./DeployResult.js"
import { settingOptions, settingsOf } from "./DeploySettings.js"
import * as DeployStack from "./DeployStack.js"
import { type GivenForFile, targetOf } from "./DeployTarget.js"

export const deploy = Command.make(
  "deploy",
  {
    targets: pipelineFileOrNames,
    name: text("name", "Name of the deployment."),
    config: text("config", "The settings file; default deployers.config.ts, .mts, .js or .mjs.", "file"),
    stage: text("stage", "The stage of the settings file: its deployments are named NAME-STAGE."),
    deployer: Options.choice("deployer", flavors).pipe(
      Options.withDescription(
        "A process of this machine (local, the default), a container of the Docker engine, a service of its swarm, or pods of the current cluster (kubernetes). An existing deployment keeps its deployer."
      ),
      Options.optional
    ),
    replace: flag("replace", "Replace an existing deployment of that name, which is the default."),
    allowOtherPipeline,
    noReplace: flag("no-replace", "Fail if a deployment of that name exists."),
    ...canaryOptions,
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
  const begun = yield* Progress.begin
  const deployer = yield* chosen(Option.getOrUndefined(given.deployer))
  const env = { ...(yield* EnvFile.read(given.envFile)), ...given.env }
  yield* Progress.phase(begun, `bundling ${file}`)
  const flavor = Option.getOrUndefined(given.deployer) ?? (yield* flavorOf(name))
  const settings = settingsOf({ ...given, env })
  const bundling = yield* bundlingWith(name, bundlingOf(given), settings)
  const fromFile = Snapshot.fromFileUnchecked(file, { bundling }).pipe(
    Effect.provideService(CodeCaching, flavor === "local" ? "beside" : "before")
  )
  const { snapshot, typeCheck } = yield* given.noTypecheck ? Effect.provide(fromFile, TypeChecker.layerNone) : fromFile
  yield* Progress.phase(begun, `the bundle is ready: ${snapshot.label}`)
  const output = yield* Output
  const shownCheck = Effect.provideService(Progress.whileIn(begun, "checking the types")(typeCheck), Output, output)
  const options = {
    name,
    replace: !given.noReplace,
    allowOtherPipeline: given.allowOtherPipeline,
    check: !given.noCheck,
    gate: shownCheck,
    keep: !given.reset,
    unset: given.unset,
    settings
  }
  if (given.plan) {
    yield* typeCheck
    return yield* printPlan(given.json, yield* deployer.plan(snapshot, options))
  }
  const before = yield* currentKey(name)
  const { changed } = yield* deployer.plan(snapshot, { ...options, preview: false })
  const canaries = Option.isSome(given.canary) ? yield* canariesOf(name) : undefined
  const { replace: _, ...ofCandidate } = options
  const change =
    canaries === undefined
      ? deployer.provision(snapshot, options)
      : canaries.deploy(snapshot, { ...ofCandidate, percent: Option.getOrElse(given.canary, () => 0) })
  const served = yield* Progress.follow(name, change, begun).pipe(
    // A type error explains why a version does not start, or fails its check.
    Effect.tapErrorTag("DeploymentProvisionFailed", () => typeCheck),
    Effect.tapErrorTag("DeploymentCheckFailed", () => typeCheck),
    whenInterrupted(afterChange(name))
  )
  const deployment = canaries === undefined ? served : yield* afterCanary(canaries, given, served)
  yield* printDeployed(given.json, { deployment, snapshot, before, changed })
}, Effect.scoped)

/** The bundle needs the client of a run store that this deploy names, or that an earlier one named. */
const bundlingWith = (name: string, flags: BundlingInput, settings: { readonly serving?: unknown }) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const [last] = yield* Effect.catchTag(deployer.revisions(name), "DeploymentNotFound", () => Effect.succeed([]))
    const { postgres: isKept } = bundlingFor(last?.settings["serving"])
    const { postgres } = bundlingFor(settings.serving)
    return mergeBundling(flags, { postgres: postgres === true || isKept === true })
  })

/** The flavor of a deployment; that of a new one is local. */
const flavorOf = (name: string) =>
  Effect.flatMap(Deployer, (deployer) => deployer.get(name)).pipe(
    Effect.map(({ deployer }) => deployer.flavor),
    Effect.catchTag("DeploymentNotFound", () => Effect.succeed("local"))
  )

const currentKey = (name: string) =>
  Effect.flatMap(Deployer, (deployer) => deployer.authKey(name)).pipe(
    Effect.catchTag("DeploymentNotFound", () => Effect.succeed(undefined))
  )
