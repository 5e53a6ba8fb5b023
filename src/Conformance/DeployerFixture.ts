/**
 * What the deployer suite needs to know about the flavor it checks.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Deployer } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import type { Snapshot } from "../Snapshot/Model.js"

/**
 * What the conformance suite needs of a flavor: snapshots that behave in known ways, and eyes and hands in its world.
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
    /** Whether the deployment answers its callers. */
    readonly answers: (deployment: Deployment) => Effect.Effect<boolean>
    /** The files of the deployment's serving instance by path, secrets included, for flavors that have such. */
    readonly files?: ((deployment: Deployment) => Effect.Effect<Readonly<Record<string, string>>>) | undefined
    /** A deployer of the same flavor on the same engine whose registry is empty; laws of rebuilding need it. */
    readonly onEmptyRegistry?: Layer.Layer<Deployer> | undefined
    /** Names of all instances that exist for a deployment, running or not. */
    readonly instances: (deployment: Pick<Deployment, "id">) => Effect.Effect<ReadonlyArray<string>>
  }
>() {}
