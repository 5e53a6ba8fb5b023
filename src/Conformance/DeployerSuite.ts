/** The laws of a deployer, as tests. Every flavor runs the same ones; authors of other flavors can too. */
import { layer as describeLayer } from "@effect/vitest"
import type * as Layer from "effect/Layer"
import * as CanaryLaws from "./DeployerSuite/CanaryLaws.js"
import type { Provides } from "./DeployerSuite/Case.js"
import * as Changes from "./DeployerSuite/Changes.js"
import * as FailedChanges from "./DeployerSuite/FailedChanges.js"
import * as IntakeLaws from "./DeployerSuite/IntakeLaws.js"
import * as LifecycleLaws from "./DeployerSuite/LifecycleLaws.js"
import * as MiscLaws from "./DeployerSuite/MiscLaws.js"
import * as Repairs from "./DeployerSuite/Repairs.js"
import { describeLaws, type SuiteOptions } from "./TimeLimit.js"

export type { Provides } from "./DeployerSuite/Case.js"
export type { SuiteOptions } from "./TimeLimit.js"

/**
 * Runs the laws against a flavor. Uses the real clock, because some flavors run real processes.
 *
 * @example
 * ```ts
 * import { DeployerSuite, InMemoryFixture } from "effect-deployers/Conformance"
 *
 * DeployerSuite.suite("in memory", InMemoryFixture.layer)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const suite = <E>(name: string, layer: Layer.Layer<Provides, E>, options: SuiteOptions = {}): void =>
  describeLaws(`Deployer: ${name}`, options, () =>
    describeLayer(layer, { excludeTestServices: true, timeout: options.timeLimit ?? "2 minutes" })((it) => {
      Changes.laws(it)
      FailedChanges.laws(it)
      LifecycleLaws.laws(it)
      IntakeLaws.laws(it)
      MiscLaws.laws(it)
      Repairs.laws(it)
      CanaryLaws.laws(it)
    })
  )
