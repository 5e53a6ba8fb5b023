/**
 * The laws of a deployer, as tests. Every flavor runs the same ones; authors of other flavors can too.
 *
 * @since 0.1.0
 */
import { assert, layer as describeLayer } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Deployer } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import { DeploymentStore } from "../Store/DeploymentStore.js"
import { EventStore } from "../Store/EventStore.js"
import { SecretStore } from "../Store/SecretStore.js"
import { DeployerFixture } from "./DeployerFixture.js"

/**
 * What a flavor's layer provides to the suite.
 *
 * @category models
 * @since 0.1.0
 */
export type Provides = Deployer | DeployerFixture | DeploymentStore | SecretStore | EventStore

/**
 * Runs the laws against a flavor. Uses the real clock, because some flavors run real processes.
 *
 * @example
 * ```ts
 * import { DeployerSuite, InMemoryDeployer } from "effect-deployers/Testing"
 *
 * DeployerSuite.suite("in memory", InMemoryDeployer.layerSuite)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const suite = <E>(name: string, layer: Layer.Layer<Provides, E>): void =>
  describeLayer(layer, { excludeTestServices: true, timeout: "2 minutes" })(`Deployer: ${name}`, (it) => {
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

    it.effect("tells its progress in order and keeps it as the audit log", () =>
      withDeployment("told", (deployer, fixture) =>
        Effect.gen(function* () {
          const following = yield* deployer.events.pipe(
            Stream.filter((event) => event.deploymentName === "told"),
            Stream.takeUntil((event) => event.type === "operation_finished"),
            Stream.runCollect,
            Effect.fork
          )
          yield* Effect.yieldNow()
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
        })
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

    it.effect("refuses to replace when told so, and changes nothing", () =>
      withDeployment("kept", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "kept" })
          const error = yield* Effect.flip(deployer.provision(fixture.another, { name: "kept", replace: false }))
          assert.strictEqual(error._tag, "DeploymentAlreadyExists")
          assert.deepStrictEqual(yield* deployer.get("kept"), made)
        })
      )
    )

    it.effect("getOrCreate gives what runs already, and provisions otherwise", () =>
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

    it.effect("a first provision that fails is remembered as an error and can be mended", () =>
      withDeployment("mended", (deployer, fixture) =>
        Effect.gen(function* () {
          yield* Effect.flip(deployer.provision(fixture.crashing, { name: "mended" }))
          const failed = yield* deployer.get("mended")
          assert.strictEqual(failed.status, "error")
          assert.isString(failed.reason)
          assert.deepStrictEqual(yield* fixture.instances(failed), [])
          const made = yield* deployer.provision(fixture.healthy, { name: "mended" })
          assert.strictEqual(made.status, "running")
          assert.isUndefined(made.reason)
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
          assert.deepStrictEqual(yield* fixture.instances(yield* deployer.get("patient")), [])
        })
      )
    )

    it.effect("an interrupted provision is taken back", () =>
      withDeployment("interrupted", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "interrupted" })
          const waiting = yield* deployer.events.pipe(
            Stream.filter((event) => event.type === "health_waiting"),
            Stream.runHead,
            Effect.fork
          )
          yield* Effect.yieldNow()
          const provisioning = yield* Effect.fork(deployer.provision(fixture.silent, { name: "interrupted" }))
          yield* Fiber.join(waiting)
          yield* Fiber.interrupt(provisioning)
          assert.deepStrictEqual(yield* deployer.get("interrupted"), made)
          assert.strictEqual((yield* fixture.instances(made)).length, 1)
          assert.isTrue(yield* fixture.answers(made))
        })
      )
    )

    it.effect("keeps a generated key across redeploys, rotates it, takes a given one, removes it", () =>
      withDeployment("keyed", (deployer, fixture) =>
        Effect.gen(function* () {
          const provision = (options: object = {}) =>
            deployer.provision(fixture.healthy, { name: "keyed", ...options }).pipe(
              Effect.zip(deployer.authKey("keyed"), { concurrent: false }),
              Effect.map(([{ authEnabled }, key]) => [authEnabled, key && Redacted.value(key)] as const)
            )
          const [enabled, generated] = yield* provision()
          assert.isTrue(enabled)
          assert.isAtLeast(generated?.length ?? 0, 32)
          assert.strictEqual((yield* provision())[1], generated)
          const [, rotated] = yield* provision({ rotateAuthKey: true })
          assert.notStrictEqual(rotated, generated)
          assert.strictEqual((yield* provision({ authKey: Redacted.make("a-key-of-mine") }))[1], "a-key-of-mine")
          assert.deepStrictEqual(yield* provision({ settings: { auth: { _tag: "none" } } }), [false, undefined])
          yield* Effect.flatMap(SecretStore, (secrets) => secrets.set("CALLER_KEY", Redacted.make("from-the-secret")))
          const auth = { _tag: "secret", name: "CALLER_KEY" }
          assert.deepStrictEqual(yield* provision({ settings: { auth } }), [true, "from-the-secret"])
          const [, anew] = yield* provision()
          assert.notStrictEqual(anew, "from-the-secret")
        })
      )
    )

    it.effect("deprovision keeps the record; reprovision brings the same back", () =>
      withDeployment("resting", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, {
            name: "resting",
            settings: { environment: { COLOUR: "green" } }
          })
          const key = yield* deployer.authKey("resting")
          const stopped = yield* deployer.deprovision("resting")
          assert.strictEqual(stopped.status, "absent")
          assert.strictEqual(stopped.desired, "stopped")
          assert.isUndefined(stopped.url)
          assert.deepStrictEqual(yield* fixture.instances(made), [])
          assert.strictEqual((yield* deployer.deprovision("resting")).status, "absent")
          const back = yield* deployer.reprovision("resting")
          assert.strictEqual(back.status, "running")
          assert.strictEqual(back.snapshot.id, made.snapshot.id)
          assert.deepStrictEqual(yield* deployer.authKey("resting"), key)
          const record = yield* Effect.flatMap(DeploymentStore, (store) => store.find("resting"))
          assert.deepInclude(record._tag === "Some" ? record.value.settings : {}, { environment: { COLOUR: "green" } })
        })
      )
    )

    it.effect("delete leaves nothing, keeps the audit log, and can be repeated", () =>
      withDeployment("gone", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "gone" })
          yield* deployer.delete("gone")
          assert.deepStrictEqual(yield* fixture.instances(made), [])
          assert.strictEqual((yield* Effect.flip(deployer.get("gone")))._tag, "DeploymentNotFound")
          yield* deployer.delete("gone")
          const events = yield* Effect.flatMap(EventStore, (store) => store.list({ deploymentId: made.id }))
          assert.strictEqual(events.at(-1)?.type, "operation_finished")
        })
      )
    )

    it.effect("refresh tells what happened outside; reprovision repairs it", () =>
      withDeployment("observed", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "observed" })
          assert.strictEqual((yield* deployer.refresh("observed")).status, "running")
          yield* fixture.kill(made)
          const seen = yield* deployer.refresh("observed")
          assert.strictEqual(seen.status, "error")
          assert.isNotEmpty(seen.reason)
          assert.deepStrictEqual(yield* deployer.get("observed"), seen)
          const back = yield* deployer.reprovision("observed")
          assert.strictEqual(back.status, "running")
          assert.strictEqual(back.url, made.url)
          assert.isTrue(yield* fixture.answers(back))
          assert.strictEqual((yield* fixture.instances(back)).length, 1)
        })
      )
    )

    it.effect("rolls back to the revision before, or to a given one", () =>
      withDeployment("rolled", (deployer, fixture) =>
        Effect.gen(function* () {
          yield* deployer.provision(fixture.healthy, { name: "rolled" })
          assert.strictEqual((yield* Effect.flip(deployer.rollback("rolled")))._tag, "DeploymentProvisionFailed")
          yield* deployer.provision(fixture.another, { name: "rolled" })
          const back = yield* deployer.rollback("rolled")
          assert.deepStrictEqual([back.generation, back.snapshot.id], [3, fixture.healthy.id])
          const forth = yield* deployer.rollback("rolled", { to: 2 })
          assert.deepStrictEqual([forth.generation, forth.snapshot.id], [4, fixture.another.id])
        })
      )
    )

    it.effect("plan says what would happen and does nothing", () =>
      withDeployment("planned", (deployer, fixture) =>
        Effect.gen(function* () {
          const fresh = yield* deployer.plan(fixture.healthy, { name: "planned" })
          assert.deepInclude(fresh, { action: "create", generation: 1, gap: false })
          assert.strictEqual((yield* Effect.flip(deployer.get("planned")))._tag, "DeploymentNotFound")
          const made = yield* deployer.provision(fixture.healthy, { name: "planned" })
          const next = yield* deployer.plan(fixture.another, { name: "planned", settings: { timeoutMillis: 61_000 } })
          assert.deepInclude(next, { action: "replace", generation: 2 })
          assert.deepStrictEqual(next.changes, [{ path: "timeoutMillis", from: 60_000, to: 61_000 }])
          assert.deepStrictEqual(yield* deployer.get("planned"), made)
        })
      )
    )

    it.effect("reads the log, all of it or its end", () =>
      withDeployment("logged", (deployer, fixture) =>
        Effect.gen(function* () {
          const since = DateTime.toEpochMillis(yield* DateTime.now)
          yield* deployer.provision(fixture.healthy, { name: "logged" })
          const read = (options: object) => Effect.map(Stream.runCollect(deployer.logs("logged", options)), Chunk.size)
          assert.isAtLeast(yield* read({}), 1)
          assert.strictEqual(yield* read({ tail: 1 }), 1)
          assert.isAtLeast(yield* read({ since }), 1)
          assert.strictEqual(yield* read({ since: since + 3_600_000 }), 0)
        })
      )
    )

    it.effect("two provisions of one name at once end as one deployment", () =>
      withDeployment("raced", (deployer, fixture) =>
        Effect.gen(function* () {
          const [one, two] = yield* Effect.all(
            [
              deployer.provision(fixture.healthy, { name: "raced" }),
              deployer.provision(fixture.another, { name: "raced" })
            ],
            { concurrency: 2 }
          )
          assert.strictEqual(one.id, two.id)
          assert.deepStrictEqual([one.generation, two.generation].sort(), [1, 2])
          const last = yield* deployer.get("raced")
          assert.strictEqual(last.generation, 2)
          assert.isTrue(yield* fixture.answers(last))
          assert.strictEqual((yield* fixture.instances(last)).length, 1)
        })
      )
    )

    it.effect("reconcile of what is right does nothing", () =>
      withDeployment("settled", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "settled" })
          yield* deployer.reconcile
          const { actions } = yield* deployer.reconcile
          assert.deepStrictEqual(actions, [])
          assert.deepStrictEqual(yield* deployer.get("settled"), made)
        })
      )
    )

    it.effect("reconcile undoes a provision whose process died", () =>
      withDeployment("orphaned", (deployer, fixture) =>
        Effect.gen(function* () {
          const store = yield* DeploymentStore
          const made = yield* deployer.provision(fixture.healthy, { name: "orphaned" })
          const lease = yield* store.acquire(made.id, { name: made.name, holder: "a process that died", ttl: 0 })
          yield* store.begin(lease, {
            id: "019a0000-0000-7000-8000-000000000001",
            kind: "provision",
            snapshotId: fixture.another.id,
            settings: {}
          })
          const { actions } = yield* deployer.reconcile
          assert.deepStrictEqual(
            actions.map(({ action, deployment }) => [action, deployment]),
            [["undo", "orphaned"]]
          )
          assert.deepStrictEqual(yield* store.openOperations, [])
          assert.strictEqual((yield* deployer.get("orphaned")).generation, 1)
          assert.isTrue(yield* fixture.answers(made))
        })
      )
    )

    it.effect("refuses bad input with errors that name it", () =>
      withDeployment("refused", (deployer, fixture) =>
        Effect.gen(function* () {
          const refusal = (options: object) =>
            Effect.flip(deployer.provision(fixture.healthy, { name: "refused", ...options }))
          const invalid = yield* refusal({ settings: { timeoutMillis: -1 } })
          assert.strictEqual(invalid._tag, "DeploymentInvalidSettings")
          assert.include(invalid.message, "timeoutMillis")
          const unknown = yield* refusal({ settings: { replicas: 3 } })
          assert.include(unknown.message, "replicas")
          assert.strictEqual((yield* refusal({ name: "No Such Name!" }))._tag, "InvalidName")
          const secret = yield* refusal({ settings: { secrets: ["NOT_THERE"] } })
          assert.strictEqual(secret._tag, "SecretNotFound")
          assert.strictEqual(
            (yield* Effect.flip(deployer.provision("nothing@9", { name: "refused" })))._tag,
            "SnapshotNotFound"
          )
          assert.strictEqual((yield* Effect.flip(deployer.get("refused")))._tag, "DeploymentNotFound")
          for (const operation of [deployer.refresh, deployer.deprovision, deployer.reprovision, deployer.rollback]) {
            const error: { readonly _tag: string } = yield* Effect.flip<Deployment, { readonly _tag: string }, never>(
              operation("not-there")
            )
            assert.strictEqual(error._tag, "DeploymentNotFound")
          }
        })
      )
    )
  })

// internal

/** Runs a case and deletes its deployment afterwards, however the case ended. */
const withDeployment = <A, E, R>(
  name: string,
  use: (deployer: typeof Deployer.Service, fixture: typeof DeployerFixture.Service) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(Effect.all([Deployer, DeployerFixture]), ([deployer, fixture]) =>
    Effect.ensuring(use(deployer, fixture), Effect.orDie(deployer.delete(name)))
  )
