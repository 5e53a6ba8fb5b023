/**
 * What tests of programs that deploy, and of other flavors, need: the in-memory deployer and the conformance suites.
 *
 * @since 0.1.0
 */
export * as DeployerFixture from "./DeployerFixture.js"
export * as DeployerSuite from "./DeployerSuite.js"
export * as DockerClientSuite from "./DockerClientSuite.js"
export * as FakeEngine from "./FakeEngine.js"
export * as InMemoryBackend from "./InMemoryBackend.js"
export * as InMemoryDeployer from "./InMemoryDeployer.js"
export * as InMemoryEngine from "./InMemoryEngine.js"
export * as StoreSuite from "./StoreSuite.js"
