/** The operations of a deployer, each to be broken off at every step. */
import * as Effect from "effect/Effect"
import * as Faults from "../../Testing/Faults.js"
import { run } from "./Operations.js"
import type { SimulatedCluster, SnapshotKind } from "./SimulatedCluster.js"
import type { Scenario } from "./Sweep.js"

const is =
  (kind: SnapshotKind) =>
  ({ snapshots }: SimulatedCluster) => ({
    snapshotId: snapshots[kind].id
  })

const deployed = (world: SimulatedCluster, kind: SnapshotKind) =>
  Effect.flatMap(world.controller, ({ deployer }) => deployer.provision(world.snapshots[kind], { name: "a" }))

/** A replace by a process that died right after it made some call for the n-th time. */
const brokenOff = (world: SimulatedCluster, call: RegExp, nth: number) =>
  Effect.gen(function* () {
    const doomed = yield* world.controller
    let count = 0
    yield* doomed.use(({ name }) => (call.test(name) && ++count === nth ? Faults.actThenCrash : undefined))
    yield* run(world.ledger, doomed, "replace", doomed.deployer.provision(world.snapshots.better, { name: "a" }))
  })

/** The lease of a dead holder lasts for 15 seconds if no process can detect the death. */
const reconcileLater: Scenario["operation"] = (_, { deployer }) =>
  Effect.zipRight(Effect.sleep("20 seconds"), deployer.reconcile)

/**
 * All scenarios of a flavor.
 *
 * @category constants
 * @since 0.1.0
 */
export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "provision",
    prepare: () => Effect.void,
    operation: (world, { deployer }) => deployer.provision(world.snapshots.good, { name: "a" }),
    leaves: is("good")
  },
  {
    name: "replace",
    prepare: (world) => deployed(world, "good"),
    operation: (world, { deployer }) => deployer.provision(world.snapshots.better, { name: "a" }),
    leaves: is("better")
  },
  {
    name: "replace by a bad one",
    prepare: (world) => deployed(world, "good"),
    operation: (world, { deployer }) => deployer.provision(world.snapshots.bad, { name: "a" }),
    leaves: is("good"),
    fails: true
  },
  {
    name: "replace at a fixed port",
    prepare: ({ controller, snapshots }) =>
      Effect.flatMap(controller, (first) => first.atFixedPort(snapshots.good, "a")),
    operation: (world, { atFixedPort }) => atFixedPort(world.snapshots.better, "a"),
    leaves: is("better")
  },
  {
    name: "rollback",
    prepare: (world) => Effect.zipRight(deployed(world, "good"), deployed(world, "better")),
    operation: (_world, { deployer }) => deployer.rollback("a", { to: 1 }),
    leaves: is("good")
  },
  {
    name: "reprovision",
    prepare: (world) =>
      Effect.zipRight(
        deployed(world, "good"),
        Effect.flatMap(world.controller, ({ deployer }) => deployer.deprovision("a"))
      ),
    operation: (_, { deployer }) => deployer.reprovision("a"),
    leaves: is("good")
  },
  {
    name: "deprovision",
    prepare: (world) => deployed(world, "good"),
    operation: (_, { deployer }) => deployer.deprovision("a"),
    leaves: () => "stopped"
  },
  {
    name: "delete",
    prepare: (world) => deployed(world, "good"),
    operation: (_, { deployer }) => deployer.delete("a"),
    leaves: () => "gone"
  },
  {
    name: "refresh",
    prepare: (world) => deployed(world, "good"),
    operation: (_, { deployer }) => deployer.refresh("a"),
    leaves: is("good")
  },
  {
    name: "reconcile a crashed instance",
    prepare: (world) =>
      Effect.zipRight(
        deployed(world, "good"),
        Effect.flatMap(world.engine.instances, (instances) =>
          Effect.forEach(instances, ({ key }) => world.engine.kill(key), { discard: true })
        )
      ),
    operation: (_, { deployer }) => deployer.reconcile,
    leaves: is("good"),
    mends: true
  },
  {
    name: "reconcile after a crashed replace",
    prepare: (world) => Effect.zipRight(deployed(world, "good"), brokenOff(world, /events.append/, 4)),
    operation: reconcileLater,
    leaves: is("good")
  },
  {
    name: "reconcile after a crash past the commit",
    prepare: (world) => Effect.zipRight(deployed(world, "good"), brokenOff(world, /store.commit/, 1)),
    operation: reconcileLater,
    leaves: is("better")
  }
]
