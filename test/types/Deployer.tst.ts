import type { Effect, Stream } from "effect"
import type { Deployer, Deployment, Errors, Snapshot } from "effect-deployers"
import { describe, expect, it } from "tstyche"

type Service = typeof Deployer.Deployer.Service
type Failure<Operation extends (...args: never) => Effect.Effect<unknown, unknown, unknown>> = Effect.Effect.Error<
  ReturnType<Operation>
>

declare const deployer: Service
declare const snapshot: Snapshot.Snapshot
declare const reference: Deployer.SnapshotRef

type Stores = Errors.StoreError
type Engine = Errors.EngineUnavailable | Errors.OutcomeUnknown
type Held = Errors.DeploymentBusy | Errors.LeaseLost

type Asked =
  | Errors.InvalidName
  | Errors.DeploymentInvalidSettings
  | Errors.DeploymentAlreadyExists
  | Errors.DeploymentDeployerMismatch
  | Errors.DeploymentSnapshotMismatch
  | Errors.SnapshotNotFound
  | Errors.SecretNotFound
  | Errors.SecretKeyError
  | Stores

type Provision =
  | Asked
  | Engine
  | Held
  | Errors.CanaryActive
  | Errors.DeploymentCheckFailed
  | Errors.DeploymentProvisionFailed
  | Errors.DeploymentTimeout
  | Errors.PortUnavailable
  | Errors.ResourceNotOwned

type TakeDown =
  | Errors.DeploymentDeployerMismatch
  | Errors.DeploymentDeprovisionFailed
  | Errors.DeploymentTimeout
  | Engine
  | Held
  | Stores

describe("Deployer fails with exactly", () => {
  it("provision and getOrCreate", () => {
    expect<Failure<Service["provision"]>>().type.toBe<Provision>()
    expect<Failure<Service["getOrCreate"]>>().type.toBe<Provision>()
  })
  it("the same without SnapshotNotFound if the snapshot is a value", () => {
    const name = "weather"
    expect(deployer.provision(snapshot, { name })).type.toBe<
      Effect.Effect<Deployment.Deployment, Exclude<Provision, Errors.SnapshotNotFound>>
    >()
    expect(deployer.provision("weather@3", { name })).type.toBe<Effect.Effect<Deployment.Deployment, Provision>>()
    expect(deployer.getOrCreate(snapshot, { name })).type.toBe<
      Effect.Effect<Deployment.Deployment, Exclude<Provision, Errors.SnapshotNotFound>>
    >()
    expect(deployer.plan(snapshot, { name })).type.toBe<
      Effect.Effect<Deployer.Plan, Exclude<Asked, Errors.SnapshotNotFound>>
    >()
    expect(deployer.plan(reference, { name })).type.toBe<Effect.Effect<Deployer.Plan, Asked>>()
  })
  it("reprovision and rollback", () => {
    expect<Failure<Service["reprovision"]>>().type.toBe<Provision | Errors.DeploymentNotFound>()
    expect<Failure<Service["rollback"]>>().type.toBe<Provision | Errors.DeploymentNotFound>()
  })
  it("plan", () => {
    expect<Failure<Service["plan"]>>().type.toBe<Asked>()
  })
  it("refresh", () => {
    expect<Failure<Service["refresh"]>>().type.toBe<
      Errors.DeploymentNotFound | Errors.DeploymentDeployerMismatch | Stores
    >()
  })
  it("deprovision", () => {
    expect<Failure<Service["deprovision"]>>().type.toBe<TakeDown | Errors.DeploymentNotFound>()
  })
  it("delete, which never misses what it deletes", () => {
    expect<Failure<Service["delete"]>>().type.toBe<TakeDown>()
  })
  it("logs", () => {
    expect<Stream.Stream.Error<ReturnType<Service["logs"]>>>().type.toBe<
      | Errors.DeploymentNotFound
      | Errors.DeploymentDeployerMismatch
      | Errors.DeploymentLogsNotFound
      | Errors.EngineUnavailable
      | Stores
    >()
  })
  it("reconcile, its plan, and rebuild", () => {
    expect<Effect.Effect.Error<Service["reconcile"]>>().type.toBe<Errors.RegistryMismatch | Stores>()
    expect<Effect.Effect.Error<Service["reconcilePlan"]>>().type.toBe<Errors.RegistryMismatch | Stores>()
    expect<Effect.Effect.Error<Service["rebuild"]>>().type.toBe<Stores>()
  })
  it("authKey", () => {
    expect<Failure<Service["authKey"]>>().type.toBe<Errors.DeploymentNotFound | Errors.SecretKeyError | Stores>()
  })
})

describe("Deployer needs", () => {
  it("nothing at its operations: what it needs is its layer's", () => {
    expect<Effect.Effect.Context<ReturnType<Service["provision"]>>>().type.toBe<never>()
    expect<Effect.Effect.Context<Service["reconcile"]>>().type.toBe<never>()
  })
  it("settings that every flavor understands", () => {
    expect<Deployer.ProvisionOptions["settings"]>().type.not.toBeAssignableFrom<{ readonly replicas: number }>()
  })
})
