/** The records of the page: of the services, or else of the home, for deployments that do not answer. */

import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Client from "../../Client.js"
import { withoutKeyErrors } from "../../Control/KeyErrors.js"
import type { Deployer } from "../../Deployer.js"
import type { EventStore } from "../../Store/EventStore.js"
import { Output } from "../Output.js"
import * as RunSearch from "../RunSearch.js"

type Needs = Client.Endpoints | HttpClient.HttpClient | Deployer | EventStore | Output

/** The modules of the control API are loaded with the first use. */
export const layer: Effect.Effect<Layer.Layer<never>, never, Needs> = Effect.gen(function* () {
  const { Records, make } = yield* Effect.promise(() => import("../../Control/Records.js"))
  const context = yield* Effect.context<Needs>()
  const fromServices = yield* make
  /** A page that asks every two seconds says nothing in the terminal. */
  const quiet = <A, E>(effect: Effect.Effect<A, E, Needs>): Effect.Effect<A, E> =>
    Effect.flatMap(Output, (output) =>
      Effect.provideService(effect, Output, { ...output, note: () => Effect.void })
    ).pipe(Effect.provide(context))
  return Layer.succeed(Records, {
    ...fromServices,
    runs: (ref, { cursor, limit = 20, session, status }) =>
      quiet(withoutKeyErrors(ref, RunSearch.page(ref, { cursor, limit, session, status }))),
    run: (ref, id) =>
      quiet(
        withoutKeyErrors(
          ref,
          Effect.map(RunSearch.findRecorded(id, Option.some(ref)), ({ run }) => run)
        )
      )
  })
})
