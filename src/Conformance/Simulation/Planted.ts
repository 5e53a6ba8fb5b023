/** Bugs to plant. An apparatus that does not find them finds nothing else either. */
import { engineBugs } from "./Planted/Engine.js"
import { registryBugs } from "./Planted/Registry.js"
import type { Sabotage } from "./SimulatedCluster.js"

/**
 * Every bug. Plant one with `worlds.make({ sabotage })`, a sweep or a simulation.
 *
 * @category constants
 * @since 0.1.0
 */
export const plantedBugs: ReadonlyArray<Sabotage> = [...registryBugs, ...engineBugs]
