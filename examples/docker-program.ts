// A typed deployment program: makes a snapshot of weather.ts, runs it as a container, calls it and takes it down again.
// Run it with `npx tsx examples/docker-program.ts`; it needs a Docker engine and no image registry.
import { fileURLToPath } from "node:url"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Client, Snapshot } from "effect-deployers"
import { DockerDeployer, DockerStack, type Settings } from "effect-deployers/Docker"
import { weather } from "./weather.js"

const settings: Settings.DockerSettingsInput = {
  memory: "256m",
  cpus: 0.5,
  environment: { UNITS: "metric" }
}

const program = Effect.gen(function* () {
  const deployer = yield* DockerDeployer.DockerDeployer
  const snapshot = yield* Snapshot.fromFile(fileURLToPath(new URL("./weather.ts", import.meta.url)))
  const deployment = yield* deployer.getOrCreate(snapshot, { name: "weather-in-docker", settings })
  yield* Console.log(`${deployment.name} answers at ${deployment.url}`)
  const { summary } = yield* Client.make(weather, deployment.name).invoke({ city: "Paris" })
  yield* Console.log(summary)
  yield* deployer.delete(deployment.name)
}).pipe(
  Effect.catchTag("EngineUnavailable", (error) => Console.error(`No Docker engine: ${error.reason}.`)),
  Effect.provide(DockerStack.layer())
)

NodeRuntime.runMain(program)
