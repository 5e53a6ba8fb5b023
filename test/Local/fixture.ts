import { fileURLToPath } from "node:url"
import { Command, CommandExecutor, FileSystem, HttpClient, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer, Option, Schedule } from "effect"
import { type Deployer, type Deployment, Home, Snapshot } from "effect-deployers"
import { DeployerFixture } from "effect-deployers/Conformance"
import { Embedded, LocalDeployer, Processes, Sockets } from "effect-deployers/Local"
import * as Ports from "../../src/Flavor/Ports.js"
import { filesBelow } from "../Files.js"

const pipelines = (file: string) => fileURLToPath(new URL(`../pipelines/${file}`, import.meta.url))

/** Replacing takes as long as its tests say. */
const defaults = { minHealthyMillis: 100, oldInstanceGraceMillis: 0 }

/** The embedded defaults in a temporary home. */
export const layerEmbedded = Layer.unwrapScoped(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-local-" })
    return Embedded.layer({ home, defaults })
  })
).pipe(Layer.provideMerge(Layer.mergeAll(NodeContext.layer, Processes.layer, Ports.layer, Sockets.layer)))

/** The fixture of the deployer suite for flavors with processes on this machine: real bundles, real processes. */
export const layerFixture = <R>(deployer: Layer.Layer<Deployer.Deployer, never, R>) =>
  Layer.scoped(
    DeployerFixture.DeployerFixture,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const home = yield* Home.Home
      const processes = yield* Processes.Processes
      const client = yield* HttpClient.HttpClient
      const gets =
        (path: string) =>
        ({ url }: Pick<Deployment.Deployment, "url">) =>
          client.get(`${url}${path}`).pipe(
            Effect.map(({ status }) => status === 200),
            Effect.orElseSucceed(() => false),
            Effect.scoped
          )
      const executor = yield* CommandExecutor.CommandExecutor
      return {
        healthy: yield* Snapshot.fromFile(`${pipelines("healthy.ts")}#healthy`),
        another: yield* Snapshot.fromFile(`${pipelines("healthy.ts")}#another`),
        crashing: yield* Snapshot.fromFile(`${pipelines("failing.ts")}#crashing`),
        silent: yield* Snapshot.fromFile(`${pipelines("failing.ts")}#silent`),
        onEmptyRegistry: yield* DeployerFixture.onEmptyRegistry(deployer),
        kill: ({ metadata }) =>
          processes.signalGroup(Number(metadata.pid), "SIGKILL").pipe(
            // A daemon's process may not lead its group.
            Effect.zipRight(Effect.ignore(Effect.try(() => process.kill(Number(metadata.pid), "SIGKILL")))),
            Effect.zipRight(
              Effect.repeat(processes.identify(Number(metadata.pid)), {
                until: Option.isNone,
                schedule: Schedule.spaced("10 millis")
              })
            ),
            Effect.asVoid,
            Effect.orDie
          ),
        answers: gets("/health"),
        isReady: gets("/health/ready"),
        files: ({ generation, id }) =>
          filesBelow(path.join(home.deployment(id), "generations", `${generation}`)).pipe(
            Effect.provideService(FileSystem.FileSystem, fs)
          ),
        instances: ({ id }) =>
          Effect.gen(function* () {
            const generations = path.join(home.deployment(id), "generations")
            const folders = yield* Effect.orElseSucceed(fs.readDirectory(generations), (): Array<string> => [])
            const listing = yield* Effect.orDie(Command.string(Command.make("ps", "-eo", "args")))
            const running = Array.from(listing.matchAll(/serve (\S+)/g), ([, manifest = ""]) => manifest)
              .filter((manifest) => manifest.startsWith(`${generations}/`))
              .map((manifest) => manifest.slice(generations.length + 1).split("/")[0] ?? "")
            return Array.from(new Set([...folders, ...running]))
          }).pipe(Effect.provideService(CommandExecutor.CommandExecutor, executor))
      }
    })
  )

/** The embedded defaults with their fixture. */
export const layerSuite = Layer.provideMerge(layerFixture(LocalDeployer.layer({ defaults })), layerEmbedded)
