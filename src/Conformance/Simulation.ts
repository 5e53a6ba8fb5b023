/**
 * Deployers under simulation: controllers that fail, hang, freeze and die on one registry and one engine, in virtual time,
 * held to laws by an observer beside them.
 */

export * from "./Simulation/Batch.js"
export * from "./Simulation/Checks.js"
export * from "./Simulation/Commands.js"
export * from "./Simulation/DockerFlavor.js"
export * from "./Simulation/FaultMode.js"
export * from "./Simulation/Flavor.js"
export * from "./Simulation/InMemoryFlavor.js"
export * from "./Simulation/Laws.js"
export * from "./Simulation/Ledger.js"
export * from "./Simulation/Operations.js"
export * from "./Simulation/Planted.js"
export * from "./Simulation/Scenarios.js"
export * from "./Simulation/Shrink.js"
export * from "./Simulation/Simulate.js"
export {
  type AmbientFaults,
  type Controller,
  type Options,
  type Sabotage,
  type SimulatedCluster,
  type SnapshotKind,
  type Worlds,
  worldsOf
} from "./Simulation/SimulatedCluster.js"
export * from "./Simulation/Sweep.js"
export * from "./Simulation/Sweeps.js"
