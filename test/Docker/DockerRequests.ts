/** Requests to the Docker backend, as the deployer makes them. */
import { FileSystem } from "@effect/platform"
import { DateTime, Effect, Layer, Redacted, Schema } from "effect"
import { names } from "../../src/Bundle/Names.js"
import * as FakeEngine from "../../src/Conformance/FakeEngine.js"
import { DeploymentId, DeploymentName } from "../../src/Deployment.js"
import * as DockerBackend from "../../src/Docker/DockerBackend.js"
import { DockerSettings, type DockerSettingsInput } from "../../src/Docker/Settings.js"
import type { ProvisionRequest } from "../../src/Flavor/Instance.js"
import * as Ports from "../../src/Flavor/Ports.js"
import { Snapshot } from "../../src/Snapshot/Model.js"
import { PipelineSpec } from "../../src/Snapshot/Spec.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import * as Home from "../../src/Store/Home.js"
import * as Ids from "../../src/Store/Ids.js"
import * as Registry from "../../src/Store/Registry.js"
import { type FakeOptions, layerHome, layerImages } from "./DockerFakes.js"

export const snapshot = new Snapshot({
  id: "00000000-0000-7000-8000-00000000000a",
  pipelineName: "weather",
  version: 2,
  spec: new PipelineSpec({ name: "weather", input: {}, output: {}, serving: {} }),
  settings: {},
  bundle: { digest: "d".repeat(64), externals: [] },
  source: { file: "/weather.ts", export: "weather" },
  createdAt: DateTime.unsafeMake(0)
})

export const instance = {
  deploymentId: DeploymentId.make("00000000-0000-7000-8000-000000000001"),
  name: DeploymentName.make("weather"),
  generation: 1
}

export interface RequestOptions {
  readonly generation?: number
  readonly settings?: DockerSettingsInput
  readonly secrets?: Readonly<Record<string, string>>
  readonly previous?: Readonly<Record<string, unknown>>
  readonly prepared?: Readonly<Record<string, unknown>>
}

export const request = (
  options: RequestOptions = {}
): Effect.Effect<ProvisionRequest<DockerSettings>, never, DeploymentStore> =>
  Effect.map(DeploymentStore, ({ registryId }) => ({
    ...instance,
    generation: options.generation ?? instance.generation,
    registryId,
    snapshot,
    settings: Schema.decodeSync(DockerSettings)({ door: false, ...options.settings }),
    keys: undefined,
    secrets: Object.fromEntries(
      Object.entries(options.secrets ?? {}).map(([name, secret]) => [name, Redacted.make(secret)])
    ),
    record: {
      formatVersion: 1,
      registryId: registryId,
      deployer: { flavor: "docker", name: "docker" },
      deployment: { id: instance.deploymentId, name: instance.name },
      generation: options.generation ?? instance.generation,
      snapshot,
      settings: {}
    },
    previous: options.previous,
    ...(options.prepared === undefined ? {} : { prepared: options.prepared })
  }))

/** Puts a code cache beside the bundle of the snapshot. */
export const writeCodeCache = (content: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { bundles } = yield* Home.Home
    yield* fs.makeDirectory(`${bundles}/${snapshot.bundle.digest}`, { recursive: true })
    yield* fs.writeFileString(`${bundles}/${snapshot.bundle.digest}/${names.codeCache}`, content)
  })

/** The backend, made anew, since it keeps nothing. */
export const backend = DockerBackend.make({ secretsFolders: [] })

export const provision = (options: RequestOptions = {}) =>
  Effect.flatMap(Effect.all([backend, request(options)]), ([{ provision }, request]) => provision(request))

/** Everything below the backend: an engine that runs nothing, and a temporary home. */
export const layer = ({ host, takenPorts = [] }: FakeOptions = {}) =>
  layerImages.pipe(
    Layer.provideMerge(Registry.layerMemory),
    Layer.provideMerge(
      Layer.mergeAll(FakeEngine.layer({ host }), Ids.layerTest, layerHome, Ports.layerTest(takenPorts))
    )
  )
