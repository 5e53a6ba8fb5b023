/**
 * The laws of every implementation of the stores, as suites for vitest. Call one with a layer that makes a new, empty store
 * each time it is built.
 */
import type * as Layer from "effect/Layer"
import type { Stores } from "../Store/Registry.js"
import type { RunStore } from "../Store/RunStore.js"
import { deployments } from "./StoreSuite/Deployments.js"
import { leases } from "./StoreSuite/Leases.js"
import { operations } from "./StoreSuite/Operations.js"
import { records } from "./StoreSuite/Records.js"
import { runRecords } from "./StoreSuite/Runs.js"
import { snapshots } from "./StoreSuite/Snapshots.js"
import { memory } from "./StoreSuite/Tombstones.js"
import { describeLaws, type SuiteOptions } from "./TimeLimit.js"

/**
 * Runs the laws of the stores of a registry as tests, each with a new one.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Registry } from "effect-deployers/Store"
 * import { Ids } from "effect-deployers"
 * import { StoreSuite } from "effect-deployers/Conformance"
 *
 * StoreSuite.registry("memory", Registry.layerMemory.pipe(Layer.provide(Ids.layer)))
 * ```
 *
 * @category suites
 * @since 0.1.0
 */
export const registry = <E>(name: string, layer: Layer.Layer<Stores, E>, options: SuiteOptions = {}): void => {
  describeLaws(`registry stores: ${name}`, options, () => {
    snapshots(layer)
    deployments(layer)
    leases(layer)
    operations(layer)
    records(layer)
    memory(layer)
  })
}

/**
 * Runs the laws of a run store as tests, each with a new one.
 *
 * @category suites
 * @since 0.1.0
 */
export const runs = <E>(name: string, layer: Layer.Layer<RunStore, E>, options: SuiteOptions = {}): void => {
  describeLaws(`run store: ${name}`, options, () => runRecords(layer))
}
