// An Effect app that brings its own service: it deploys a pipeline file as a process of this machine, calls it with the
// typed client and deletes it. From the project's root: npx vite-node -c vitest.config.ts examples/composed-app.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Client } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import * as Forecasts from "./composed-app/forecasts.js"

const program = Effect.gen(function* () {
  const deployment = yield* Forecasts.ensure
  yield* Console.log(`${deployment.name} runs at ${deployment.url}`)

  const { summary } = yield* Forecasts.ask("Berlin")
  yield* Console.log(summary)

  yield* Forecasts.ask("Atlantis").pipe(
    Effect.catchTag("CityUnknown", (unknown) => Console.log(`As expected: ${unknown.message}`))
  )
}).pipe(Effect.ensuring(Effect.ignoreLogged(Forecasts.remove)))

const MainLive = Layer.provideMerge(Client.layerRegistry, Embedded.layer())

program.pipe(Effect.provide(MainLive), NodeRuntime.runMain)
