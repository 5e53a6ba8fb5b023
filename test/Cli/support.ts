import { FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { type Context, Effect, Layer } from "effect"
import { Bundle, Client, Errors, type Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import { Deployers } from "../../src/Cli/Deployers.js"
import { Doctor, Input, Output, run, type Services } from "../../src/Cli/index.js"
import { Deployer } from "../../src/Deployer.js"
import * as ServiceManager from "../../src/Local/ServiceManager.js"
import { compile, PipelineSpec } from "../../src/Snapshot/Spec.js"
import { BuildStore } from "../../src/Store/BuildStore.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { EventStore } from "../../src/Store/EventStore.js"
import * as Home from "../../src/Store/Home.js"
import * as HomeBinding from "../../src/Store/HomeBinding.js"
import { RegistryCopy } from "../../src/Store/Registry/RegistryCopy.js"
import { SecretBox } from "../../src/Store/Registry/SecretBox.js"
import * as SqlRegistryCopy from "../../src/Store/Registry/SqlRegistryCopy.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { SnapshotStore } from "../../src/Store/SnapshotStore.js"
import { InMemoryDeployer } from "../../src/Testing/index.js"
import { served } from "../Server/Harness.js"

/** What a command said, and its exit code. */
export interface Said {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export const spec = new PipelineSpec({
  name: "weather",
  description: "Says how warm it is.",
  input: {
    type: "object",
    required: ["city"],
    properties: {
      city: { type: "string" },
      unit: { type: "string", enum: ["C", "F"] },
      days: { type: "integer" },
      verbose: { type: "boolean" },
      tags: { type: "array", items: { type: "string" } },
      json: { type: "string" }
    }
  },
  output: { type: "object" },
  serving: {}
})

/** A bundler that knows one file. */
const bundlerFake = (spec: PipelineSpec) =>
  Layer.succeed(Bundle.Bundler, {
    bundle: (source) =>
      Effect.succeed({ digest: "0".repeat(64), directory: "/b", main: "/b/main.mjs", externals: [], source }),
    removeUnused: () => Effect.succeed(0),
    describe: () => Effect.succeed({ spec, export: spec.name })
  })

const DoctorFake = Layer.succeed(Doctor.Doctor, {
  checks: [
    { name: "node", run: Effect.succeed({ status: "ok", detail: "Node 20" } as const) },
    { name: "key", run: Effect.succeed({ status: "fault", detail: "open to all", remedy: "chmod 600 key" } as const) }
  ]
})

const unmanaged: ServiceManager.Status = {
  manager: "none",
  name: "effect-deployers",
  file: undefined,
  installed: false,
  active: false,
  current: false,
  supervisor: undefined
}

const ServiceManagerFake = Layer.succeed(ServiceManager.ServiceManager, {
  install: Effect.fail(new Errors.ServiceManagerUnavailable({ reason: "this is a test", remedy: "Use a machine." })),
  uninstall: Effect.void,
  status: Effect.succeed(unmanaged)
})

/** Everything commands work with, in memory. One world is shared by all commands of a test. */
const DeployersFake = Layer.effect(
  Deployers,
  Effect.map(Deployer, (deployer) => ({ local: deployer, docker: deployer, swarm: deployer, kubernetes: deployer }))
)

const worldOf = (spec: PipelineSpec) =>
  Layer.mergeAll(
    bundlerFake(spec),
    DoctorFake,
    DeployersFake,
    ServiceManagerFake,
    NodeContext.layer,
    HomeBinding.layerNone,
    Layer.provide(SqlRegistryCopy.layer, Home.layer("/nonexistent")),
    Client.layerRegistry
  ).pipe(Layer.provideMerge(InMemoryDeployer.layer))

export const World = worldOf(spec)

/** The world in which a pipeline is really served, and every name leads to it. Its file is deployed under any name. */
export const worldWith = (pipeline: Pipeline.Any, options?: Parameters<typeof served>[1]) =>
  Layer.effect(
    Client.Endpoints,
    Effect.map(Serve.Served, ({ url }) => ({ resolve: (name: string) => Client.direct({ name, url }) }))
  ).pipe(
    Layer.provideMerge(served(pipeline, options)),
    (served) => Layer.merge(Layer.unwrapEffect(Effect.map(Effect.orDie(compile(pipeline)), worldOf)), served),
    (world) => Layer.merge(world, FetchHttpClient.layer)
  )

/** Runs a command line in the current world. */
export const cli = (
  argv: ReadonlyArray<string>,
  options: { readonly input?: Parameters<typeof Input.layerTest>[0]; readonly isInteractive?: boolean } = {}
) =>
  Effect.gen(function* () {
    const captured = Output.capture({ isInteractive: options.isInteractive ?? false })
    const terminal = Layer.merge(captured.layer, Input.layerTest(options.input ?? {}))
    const exitCode = yield* Effect.provide(run(argv), terminal)
    return { exitCode, stdout: yield* captured.stdout, stderr: yield* captured.stderr } satisfies Said
  })

export const json = (said: Said): Record<string, unknown> => JSON.parse(said.stdout) as Record<string, unknown>

/** Services that must not be touched, for commands that fail before they need them. */
export const Untouched: Layer.Layer<Services | Doctor.Doctor> = Layer.unwrapEffect(
  Effect.sync(() => {
    const refuse = <I, S>(tag: Context.Tag<I, S>) =>
      Layer.effect(tag, Effect.dieMessage("a service was built that the command does not need"))
    return Layer.mergeAll(
      refuse(Deployer),
      refuse(Deployers),
      refuse(Bundle.Bundler),
      refuse(SnapshotStore),
      refuse(EventStore),
      refuse(SecretStore),
      refuse(SecretBox),
      refuse(DeploymentStore),
      refuse(BuildStore),
      refuse(HomeBinding.HomeBinding),
      refuse(RegistryCopy),
      refuse(Client.Endpoints),
      refuse(ServiceManager.ServiceManager),
      refuse(Doctor.Doctor),
      FetchHttpClient.layer
    )
  })
)
