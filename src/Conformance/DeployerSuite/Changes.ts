/** Laws of creating and replacing deployments. */
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { DeploymentId } from "../../Deployment.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { EventStore } from "../../Store/EventStore.js"
import { DeployerFixture } from "../DeployerFixture.js"
import { type It, withDeployment } from "./Case.js"

/** Laws of creating and replacing, also when it fails. */
export const laws = (it: It): void => {
  it.effect("creates a deployment that answers, at generation 1", () =>
    withDeployment("created", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "created" })
        assert.strictEqual(made.status, "running")
        assert.strictEqual(made.generation, 1)
        assert.strictEqual(made.desired, "running")
        assert.strictEqual(made.snapshot.id, fixture.healthy.id)
        assert.match(made.url ?? "", /^http:\/\//)
        assert.isTrue(yield* fixture.answers(made))
        assert.deepStrictEqual(yield* deployer.get(made.id), made)
        const revisions = yield* deployer.revisions("created")
        assert.deepStrictEqual(
          revisions.map(({ generation, outcome }) => [generation, outcome]),
          [[1, "accepted"]]
        )
      })
    )
  )

  it.effect("reports its progress in order and keeps it as the audit log", () =>
    withDeployment("told", (deployer, fixture) =>
      Effect.gen(function* () {
        const queue = yield* deployer.subscribe
        const following = yield* Stream.fromQueue(queue).pipe(
          Stream.filter((event) => event.deploymentName === "told"),
          Stream.takeUntil((event) => event.type === "operation_finished"),
          Stream.runCollect,
          Effect.fork
        )
        const { id } = yield* deployer.provision(fixture.healthy, { name: "told" })
        const seen = Chunk.toReadonlyArray(yield* Fiber.join(following)).map(({ type }) => type)
        const common = seen.filter((type) => !type.startsWith("image_"))
        assert.deepStrictEqual(common, [
          "operation_started",
          "lease_acquired",
          "intent_recorded",
          "instance_started",
          "health_waiting",
          "healthy",
          "generation_committed",
          "auth_key_generated",
          "operation_finished"
        ])
        const stored = yield* Effect.flatMap(EventStore, (events) => events.list({ deploymentId: id }))
        assert.deepStrictEqual(
          stored.map(({ type }) => type),
          seen
        )
      }).pipe(Effect.scoped)
    )
  )

  it.effect("replaces: the new generation answers, the old instance is gone", () =>
    withDeployment("replaced", (deployer, fixture) =>
      Effect.gen(function* () {
        const first = yield* deployer.provision(fixture.healthy, { name: "replaced" })
        const second = yield* deployer.provision(fixture.another, { name: "replaced" })
        assert.strictEqual(second.id, first.id)
        assert.strictEqual(second.generation, 2)
        assert.strictEqual(second.snapshot.id, fixture.another.id)
        assert.isTrue(yield* fixture.answers(second))
        assert.strictEqual((yield* fixture.instances(second)).length, 1)
      })
    )
  )

  it.effect("leads callers to the new generation when its gate is open, and not before", () =>
    withDeployment("gated", (deployer, fixture) =>
      Effect.gen(function* () {
        yield* deployer.provision(fixture.healthy, { name: "gated", gate: Effect.void })
        const events = yield* deployer.subscribe
        const gate = yield* Deferred.make<void>()
        const replacing = yield* Effect.fork(
          deployer.provision(fixture.another, { name: "gated", gate: Deferred.await(gate) })
        )
        yield* Effect.repeat(Queue.take(events), { until: ({ type }) => type === "healthy" })
        assert.strictEqual((yield* deployer.get("gated")).generation, 1)
        yield* Deferred.succeed(gate, undefined)
        const second = yield* Fiber.join(replacing)
        assert.strictEqual(second.generation, 2)
        assert.isTrue(yield* fixture.answers(second))
      }).pipe(Effect.scoped)
    )
  )

  it.effect("refuses to replace when replacing is forbidden, and changes nothing", () =>
    withDeployment("kept", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "kept" })
        const error = yield* Effect.flip(deployer.provision(fixture.another, { name: "kept", replace: false }))
        assert.strictEqual(error._tag, "DeploymentAlreadyExists")
        assert.deepStrictEqual(yield* deployer.get("kept"), made)
      })
    )
  )

  it.effect("getOrCreate returns a running deployment, and provisions a missing one", () =>
    withDeployment("wanted", (deployer, fixture) =>
      Effect.gen(function* () {
        const first = yield* deployer.getOrCreate(fixture.healthy, { name: "wanted" })
        const same = yield* deployer.getOrCreate(fixture.healthy, { name: "wanted" })
        assert.strictEqual(same.generation, first.generation)
        const other = yield* deployer.getOrCreate(fixture.another, { name: "wanted" })
        assert.strictEqual(other.generation, 2)
        const changed = yield* deployer.getOrCreate(fixture.another, {
          name: "wanted",
          settings: { environment: { COLOUR: "blue" } }
        })
        assert.strictEqual(changed.generation, 3)
      })
    )
  )

  it.effect("a failed replacement is no change: the old one serves, the registry is as before", () =>
    withDeployment("steady", (deployer, fixture) =>
      Effect.gen(function* () {
        const store = yield* DeploymentStore
        const made = yield* deployer.provision(fixture.healthy, { name: "steady" })
        const before = yield* store.find("steady")
        const error = yield* Effect.flip(deployer.provision(fixture.crashing, { name: "steady" }))
        assert.strictEqual(error._tag, "DeploymentProvisionFailed")
        assert.include(error.message, "something went wrong")
        assert.deepStrictEqual(yield* store.find("steady"), before)
        assert.isTrue(yield* fixture.answers(made))
        assert.strictEqual((yield* fixture.instances(made)).length, 1)
        const revisions = yield* deployer.revisions("steady")
        assert.deepStrictEqual(
          revisions.map(({ outcome }) => outcome),
          ["failed", "accepted"]
        )
        const next = yield* deployer.provision(fixture.another, { name: "steady" })
        assert.strictEqual(next.generation, 3)
      })
    )
  )

  it.effect("a first provision that fails leaves nothing but its events, and the next one starts anew", () =>
    withDeployment("mended", (deployer, fixture) =>
      Effect.gen(function* () {
        const settings = { auth: { _tag: "secret", name: "NOBODY_SET_IT" } } as const
        const failures = [
          deployer.provision(fixture.crashing, { name: "mended", settings: { environment: { A: "1" } } }),
          deployer.provision(fixture.healthy, { name: "mended", settings })
        ]
        for (const failing of failures) {
          yield* Effect.flip(failing)
          assert.strictEqual((yield* Effect.flip(deployer.get("mended")))._tag, "DeploymentNotFound")
        }
        const failed = yield* failuresOf("mended")
        assert.deepStrictEqual(
          failed.map(({ data }) => data["failure"]),
          ["DeploymentProvisionFailed", "SecretNotFound"]
        )
        for (const { id } of failed) assert.deepStrictEqual(yield* fixture.instances({ id }), [])
        const { actions } = yield* deployer.reconcile
        assert.deepStrictEqual(
          actions.filter(({ deployment }) => deployment === "mended"),
          []
        )
        const made = yield* deployer.provision(fixture.healthy, { name: "mended" })
        assert.deepInclude(made, { status: "running", generation: 1 })
        const [revision] = yield* deployer.revisions("mended")
        assert.deepInclude(revision?.settings ?? {}, { environment: {} })
      })
    )
  )

  it.effect("gives up at the deadline and leaves nothing", () =>
    withDeployment("patient", (deployer, fixture) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          deployer.provision(fixture.silent, { name: "patient", settings: { timeoutMillis: 1_500 } })
        )
        assert.strictEqual(error._tag, "DeploymentTimeout")
        yield* leftNothing("patient")
      })
    )
  )

  it.effect("an interrupted provision is undone", () =>
    withDeployment("interrupted", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "interrupted" })
        const queue = yield* deployer.subscribe
        const waiting = yield* Stream.fromQueue(queue).pipe(
          Stream.filter((event) => event.type === "health_waiting"),
          Stream.runHead,
          Effect.fork
        )
        const provisioning = yield* Effect.fork(deployer.provision(fixture.silent, { name: "interrupted" }))
        yield* Fiber.join(waiting)
        yield* Fiber.interrupt(provisioning)
        assert.deepStrictEqual(yield* deployer.get("interrupted"), made)
        assert.strictEqual((yield* fixture.instances(made)).length, 1)
        assert.isTrue(yield* fixture.answers(made))
      }).pipe(Effect.scoped)
    )
  )
}

// internal

const failuresOf = (name: string) =>
  Effect.map(
    Effect.flatMap(EventStore, (store) => store.list({ ref: name })),
    (events) =>
      events
        .filter(({ type }) => type === "operation_failed")
        .map((event) => ({ ...event, id: DeploymentId.make(event.deploymentId) }))
  )

/** The failed first attempts of a name have events, and neither rows nor instances. */
const leftNothing = (name: string) =>
  Effect.gen(function* () {
    const fixture = yield* DeployerFixture
    const store = yield* DeploymentStore
    const failed = yield* failuresOf(name)
    assert.isNotEmpty(failed)
    for (const { id } of failed) {
      assert.isTrue(Option.isNone(yield* store.find(id)))
      assert.deepStrictEqual(yield* fixture.instances({ id }), [])
    }
  })
