import { FileSystem } from "@effect/platform"
import { Context, DateTime, Effect, Layer, Redacted, Schema } from "effect"
import type { LiveKey } from "../../src/Contract/Keys.js"
import { DeploymentId, DeploymentName } from "../../src/Deployment.js"
import type { ProvisionRequest } from "../../src/Flavor/Instance.js"
import { LocalSettings, type LocalSettingsInput } from "../../src/Local/Settings.js"
import { Snapshot } from "../../src/Snapshot/Model.js"
import { PipelineSpec } from "../../src/Snapshot/Spec.js"
import * as Home from "../../src/Store/Home.js"

export const digest = "d".repeat(64)

export const snapshot = new Snapshot({
  id: "00000000-0000-7000-8000-00000000000a",
  pipelineName: "weather",
  version: 2,
  spec: new PipelineSpec({ name: "weather", input: {}, output: {}, serving: {} }),
  settings: {},
  bundle: { digest, externals: [] },
  source: { file: "/weather.ts", export: "weather" },
  createdAt: DateTime.unsafeMake(0)
})

/** A live key with every scope. */
export const liveKey: LiveKey = { id: "key-1", digest: "ab".repeat(32), scopes: ["admin"] }

export const instance = {
  deploymentId: DeploymentId.make("00000000-0000-7000-8000-000000000001"),
  name: DeploymentName.make("weather"),
  generation: 1
}

export const settings = (input: LocalSettingsInput = {}): LocalSettings => Schema.decodeSync(LocalSettings)(input)

export interface RequestOptions {
  readonly generation?: number
  readonly settings?: LocalSettingsInput
  readonly secrets?: Readonly<Record<string, string>>
  readonly keys?: ReadonlyArray<LiveKey>
  readonly previous?: Readonly<Record<string, unknown>>
}

export const request = (options: RequestOptions = {}): ProvisionRequest<LocalSettings> => ({
  ...instance,
  generation: options.generation ?? instance.generation,
  registryId: "00000000-0000-7000-8000-00000000000f",
  snapshot,
  settings: settings(options.settings),
  keys: options.keys,
  secrets: Object.fromEntries(
    Object.entries(options.secrets ?? {}).map(([name, secret]) => [name, Redacted.make(secret)])
  ),
  record: {
    formatVersion: 1,
    registryId: "00000000-0000-7000-8000-00000000000f",
    deployer: { flavor: "local", name: "local" },
    deployment: { id: instance.deploymentId, name: instance.name },
    generation: options.generation ?? instance.generation,
    snapshot,
    settings: {}
  },
  previous: options.previous
})

/** The program every test bundle holds; see `layerHome`. */
export class Bundle extends Context.Tag("test/Bundle")<Bundle, { readonly main: string }>() {}

/** A home in a temporary folder with one bundle in it. */
export const layerHome = (program: string) =>
  Layer.unwrapScoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-" }))
      const folder = `${root}/bundles/${digest}`
      yield* fs.makeDirectory(folder, { recursive: true })
      yield* fs.writeFileString(`${folder}/main.mjs`, program)
      return Layer.merge(Home.layer(root), Layer.succeed(Bundle, { main: `${folder}/main.mjs` }))
    })
  )

export const modeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777))
