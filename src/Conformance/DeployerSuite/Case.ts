/** One case of the deployer suite. */
import type { Vitest } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Deployer } from "../../Deployer.js"
import type { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { EventStore } from "../../Store/EventStore.js"
import type { SecretStore } from "../../Store/SecretStore.js"
import { DeployerFixture } from "../DeployerFixture.js"

/**
 * The services that the layer of a flavor provides to the suite.
 *
 * @category models
 * @since 0.1.0
 */
export type Provides = Deployer | DeployerFixture | DeploymentStore | SecretStore | EventStore

/**
 * The methods that declare a law.
 *
 * @category models
 * @since 0.1.0
 */
export type It = Vitest.MethodsNonLive<Provides, true>

/**
 * Runs a case and deletes its deployment afterwards, however the case ended.
 *
 * @category cases
 * @since 0.1.0
 */
export const withDeployment = <A, E, R>(
  name: string,
  use: (deployer: typeof Deployer.Service, fixture: typeof DeployerFixture.Service) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(Effect.all([Deployer, DeployerFixture]), ([deployer, fixture]) =>
    Effect.ensuring(use(deployer, fixture), Effect.orDie(deployer.delete(name)))
  )
