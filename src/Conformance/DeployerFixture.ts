/** The knowledge of a flavor that the deployer suite needs. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import type { Deployer } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import type { StoreError } from "../Errors/Stores.js"
import type { Snapshot } from "../Snapshot/Model.js"
import * as Sqlite from "../Store/Database/Sqlite.js"
import type { Ids } from "../Store/Ids.js"
import { schema } from "../Store/Registry/RegistrySchema.js"
import type { SecretBox } from "../Store/Registry/SecretBox.js"
import * as Registry from "../Store/Registry.js"

/**
 * Snapshots that behave in known ways, and the means to observe and disturb instances from outside.
 *
 * @category services
 * @since 0.1.0
 */
export class DeployerFixture extends Context.Tag("effect-deployers/Testing/DeployerFixture")<
  DeployerFixture,
  {
    /** A snapshot whose instances become healthy. */
    readonly healthy: Snapshot
    /** Another one. */
    readonly another: Snapshot
    /** A snapshot whose instances write `something went wrong` to their log and end at once. */
    readonly crashing: Snapshot
    /** A snapshot whose instances run and never become ready. */
    readonly silent: Snapshot
    /** Ends the instance of a deployment from outside, as an operating system might. */
    readonly kill: (deployment: Deployment) => Effect.Effect<void>
    /** True if the deployment answers its callers. */
    readonly answers: (deployment: Deployment) => Effect.Effect<boolean>
    /** True if the readiness of the deployment is on, for flavors whose instances are real services. */
    readonly isReady?: ((deployment: Deployment) => Effect.Effect<boolean>) | undefined
    /** A time in milliseconds in which an instance starts and writes its first lines; default 1,500. */
    readonly startMillis?: number | undefined
    /** The files of the deployment's serving instance by path, secrets included, for flavors that have such. */
    readonly files?: ((deployment: Deployment) => Effect.Effect<Readonly<Record<string, string>>>) | undefined
    /**
     * A deployer of the same flavor on the same engine and home, with a second registry. The registry is empty at first; every
     * build of the layer opens the same one. See {@link onEmptyRegistry}.
     */
    readonly onEmptyRegistry: Layer.Layer<Deployer>
    /** Names of all instances that exist for a deployment, running or not. */
    readonly instances: (deployment: Pick<Deployment, "id">) => Effect.Effect<ReadonlyArray<string>>
  }
>() {}

/**
 * Returns the member `onEmptyRegistry` for the deployer of a layer. The second registry exists in memory until the scope
 * closes. It seals with the key of the first one.
 *
 * @category testing
 * @since 0.1.0
 */
export const onEmptyRegistry = <E, R>(
  deployer: Layer.Layer<Deployer, E, R>
): Effect.Effect<Layer.Layer<Deployer>, StoreError, R | Ids | SecretBox | Scope> =>
  Effect.gen(function* () {
    const world = yield* Effect.context<R | Ids | SecretBox>()
    const database = yield* Layer.build(Layer.fresh(Sqlite.layerMemory(schema)))
    return Layer.scopedContext(
      Effect.gen(function* () {
        const stores = yield* buildIn(Registry.layerSql, Context.merge(world, database))
        return yield* buildIn(deployer, Context.mergeAll(world, database, stores))
      })
    ).pipe(Layer.orDie)
  })

// internal

/** Builds a layer that takes all services from the context, even where the fiber has others. */
const buildIn = <A, E, R>(layer: Layer.Layer<A, E, R>, context: Context.Context<R>) =>
  Effect.flatMap(Effect.scope, (scope) =>
    Effect.mapInputContext(Layer.buildWithScope(Layer.fresh(layer), scope), (_: Context.Context<never>) => context)
  )
