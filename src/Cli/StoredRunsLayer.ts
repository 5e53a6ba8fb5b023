/** The run stores in the home folder. */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { Deployer } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import { Home } from "../Store/Home.js"
import { RunStore } from "../Store/RunStore.js"
import * as Runs from "../Store/Runs.js"
import { StoredRuns } from "./StoredRuns.js"

/** Reads the files of deployments below the home. A deployment whose runs are on PostgreSQL or in a volume has none. */
export const layer: Layer.Layer<never, never, Deployer | Home | FileSystem.FileSystem> = Layer.effect(
  StoredRuns,
  Effect.gen(function* () {
    const context = yield* Effect.context<Deployer | Home | FileSystem.FileSystem>()
    const open = (deployment: Deployment) =>
      Effect.gen(function* () {
        const file = Path.join((yield* Home).deployment(deployment.id), "runs.db")
        const exists = yield* Effect.orElseSucceed(
          Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(file)),
          () => false
        )
        if (!exists || (yield* isElsewhere(deployment))) return Option.none()
        return Option.some(Context.get(yield* Layer.build(Runs.layerReadOnly(file)), RunStore))
      }).pipe(Effect.provide(context))
    return { open }
  })
)

// internal

/** True if the runs of the present settings are on a server. A file may be left of earlier settings. */
const isElsewhere = ({ id }: Deployment) =>
  Effect.flatMap(Deployer, (deployer) => deployer.revisions(id)).pipe(
    Effect.map(([newest]) => newest?.settings["serving"]),
    Effect.map((serving) => Predicate.isRecord(serving) && serving["runStoreSecret"] !== undefined),
    Effect.catchTag("DeploymentNotFound", () => Effect.succeed(false))
  )
