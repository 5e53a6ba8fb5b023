/**
 * The stores: contracts, SQL implementations and ready-made layers.
 *
 * @since 0.1.0
 */
export * as AuthKey from "./AuthKey.js"
export * as BuildStore from "./BuildStore.js"
export * as DeploymentStore from "./DeploymentStore.js"
export * as EventStore from "./EventStore.js"
export * as Migrations from "./Migrations.js"
export * as Registry from "./Registry.js"
export * as RegistrySchema from "./RegistrySchema.js"
export * as RunStore from "./RunStore.js"
export * as Runs from "./Runs.js"
export * as RunsSchema from "./RunsSchema.js"
export * as RunWriter from "./RunWriter.js"
export * as SecretBox from "./SecretBox.js"
export * as SecretStore from "./SecretStore.js"
export * as SnapshotStore from "./SnapshotStore.js"
export * as SqlBuildStore from "./SqlBuildStore.js"
export * as SqlDeploymentStore from "./SqlDeploymentStore.js"
export * as SqlEventStore from "./SqlEventStore.js"
export * as Sqlite from "./Sqlite.js"
export * as SqlRunStore from "./SqlRunStore.js"
export * as SqlSecretStore from "./SqlSecretStore.js"
export * as SqlSnapshotStore from "./SqlSnapshotStore.js"
