/**
 * The in-memory world for tests of programs that deploy: an in-memory deployer, engine and file system, faults for any
 * service, and virtual time. Nothing here needs a test runner; the suites are in `effect-deployers/Conformance`.
 */
export * as Faults from "./Faults.js"
export * as InMemoryBackend from "./InMemoryBackend.js"
export * as InMemoryDeployer from "./InMemoryDeployer.js"
export * as InMemoryEngine from "./InMemoryEngine.js"
export * as InMemoryFileSystem from "./InMemoryFileSystem.js"
export * as InMemoryQueue from "./InMemoryQueue.js"
export * as VirtualTime from "./VirtualTime.js"
