/**
 * What tests of programs that deploy, and of other flavors, need: the in-memory deployer, the conformance suites, and the
 * apparatus that breaks deployers off at every step.
 *
 * @since 0.1.0
 */
export * as DeployerFixture from "./DeployerFixture.js"
export * as DeployerSuite from "./DeployerSuite.js"
export * as DockerClientSuite from "./DockerClientSuite.js"
export * as FakeEngine from "./FakeEngine.js"
export * as FaultProxy from "./FaultProxy.js"
export * as Faults from "./Faults.js"
export * as InMemoryBackend from "./InMemoryBackend.js"
export * as InMemoryDeployer from "./InMemoryDeployer.js"
export * as InMemoryEngine from "./InMemoryEngine.js"
export * as InMemoryFileSystem from "./InMemoryFileSystem.js"
export * as Simulation from "./Simulation.js"
export * as StoreSuite from "./StoreSuite.js"
export * as VirtualTime from "./VirtualTime.js"
