// The part of the app that knows what it wants and nothing of how: which service shall run and what to ask it. Its
// requirements are in its types, so whoever runs it decides on the layers.
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { Client, Deployer, Snapshot } from "effect-deployers"
import { weather } from "../weather.js"

const name = "forecasts"
const source = { file: fileURLToPath(new URL("../weather.ts", import.meta.url)), export: "weather" }

/** Sees to it that the service runs. Doing it again changes nothing while the pipeline is the same. */
export const ensure = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  const snapshot = yield* Snapshot.fromFile(source, { settings: { serving: { maxConcurrency: 8 } } })
  return yield* deployer.getOrCreate(snapshot, { name })
})

/** Asks it. Input, output and failures are those of the pipeline. */
export const ask = (city: string) => Client.make(weather, name).invoke({ city })

/** Stops and forgets it. */
export const remove = Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete(name))
