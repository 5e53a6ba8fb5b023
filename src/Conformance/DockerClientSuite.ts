/** The laws of a container engine's client, as tests. The engine that runs nothing and real ones run the same. */
import { layer as describeLayer } from "@effect/vitest"
import type * as Layer from "effect/Layer"
import type { DockerClient } from "../Docker/DockerClient.js"
import * as ContainerLaws from "./DockerClientSuite/ContainerLaws.js"
import type { DockerClientFixture } from "./DockerClientSuite/Fixture.js"
import * as LeftoverLaws from "./DockerClientSuite/LeftoverLaws.js"
import * as OutputLaws from "./DockerClientSuite/OutputLaws.js"
import * as ResourceLaws from "./DockerClientSuite/ResourceLaws.js"
import * as StartLaws from "./DockerClientSuite/StartLaws.js"
import * as SwarmLaws from "./DockerClientSuite/SwarmLaws.js"
import { describeLaws, type SuiteOptions } from "./TimeLimit.js"

export { DockerClientFixture, layerFake, type Program } from "./DockerClientSuite/Fixture.js"

/**
 * Runs the laws against an engine. Uses the real clock, because real engines do.
 *
 * @example
 * ```ts
 * import { DockerClientSuite } from "effect-deployers/Conformance"
 *
 * DockerClientSuite.suite("fake", DockerClientSuite.layerFake)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const suite = <E>(
  name: string,
  layer: Layer.Layer<DockerClient | DockerClientFixture, E>,
  options: SuiteOptions = {}
): void =>
  describeLaws(`DockerClient: ${name}`, options, () =>
    describeLayer(layer, { excludeTestServices: true, timeout: options.timeLimit ?? "2 minutes" })((it) => {
      ContainerLaws.laws(it)
      StartLaws.laws(it)
      OutputLaws.laws(it)
      ResourceLaws.laws(it)
      LeftoverLaws.laws(it)
    })
  )

/**
 * Runs the laws of a swarm against an engine that is a manager.
 *
 * @category testing
 * @since 0.2.0
 */
export const swarmSuite = <E>(
  name: string,
  layer: Layer.Layer<DockerClient | DockerClientFixture, E>,
  options: SuiteOptions = {}
): void =>
  describeLaws(`DockerClient of a swarm: ${name}`, options, () =>
    describeLayer(layer, { excludeTestServices: true, timeout: options.timeLimit ?? "2 minutes" })((it) => {
      SwarmLaws.laws(it)
    })
  )
