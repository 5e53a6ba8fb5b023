/**
 * Conformance suites for authors of flavors, stores and engine clients, with the simulation that breaks deployers off at
 * every step. The suites register tests with vitest: `vitest` and `@effect/vitest` must be installed.
 */
export * as DeployerFixture from "./DeployerFixture.js"
export * as DeployerSuite from "./DeployerSuite.js"
export * as DockerClientSuite from "./DockerClientSuite.js"
export * as FakeCluster from "./FakeCluster.js"
export * as FakeEngine from "./FakeEngine.js"
export * as FaultProxy from "./FaultProxy.js"
export * as InMemoryFixture from "./InMemoryFixture.js"
export * as Simulation from "./Simulation.js"
export * as StoreSuite from "./StoreSuite.js"
