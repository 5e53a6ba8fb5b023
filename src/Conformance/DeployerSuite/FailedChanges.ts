/** A change that does not succeed is no change. */
import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { ProvisionError, ProvisionOptions, Service } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import { SecretStore } from "../../Store/SecretStore.js"
import { DeployerFixture } from "../DeployerFixture.js"
import { type It, withDeployment } from "./Case.js"

/**
 * Laws of replacements that crash, never become ready or are interrupted: registry, key, URL and the files of what serves,
 * secrets included, are as before to the byte.
 */
export const laws = (it: It): void => {
  it.effect("a replacement that crashes leaves everything as it was and reports the last lines of its log", () =>
    unchanged("crashed", ({ crashing }, replace) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(replace(crashing))
        assert.strictEqual(error._tag, "DeploymentProvisionFailed")
        assert.include("logs" in error ? error.logs.join(" ") : "", "something went wrong")
      })
    )
  )

  it.effect(
    "a replacement that does not become ready in time leaves everything as it was and reports its last lines",
    () =>
      unchanged("late", ({ silent, startMillis = 1_500 }, replace) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(replace(silent, { timeoutMillis: startMillis }))
          assert.strictEqual(error._tag, "DeploymentTimeout")
          assert.isNotEmpty("logs" in error ? error.logs : [])
        })
      )
  )

  it.effect("a change keeps its deadline also where it cannot be interrupted; a first one leaves no row", () =>
    withDeployment("guarded", (deployer, fixture) =>
      Effect.gen(function* () {
        const settings = { timeoutMillis: 1_500 }
        const ofSilent = { name: "guarded", settings }
        const ending = <A, E extends { readonly _tag: string }>(change: Effect.Effect<A, E>) =>
          Effect.map(Effect.flip(Effect.scoped(Effect.acquireRelease(change, () => Effect.void))), ({ _tag }) => _tag)
        assert.strictEqual(yield* ending(deployer.provision(fixture.silent, ofSilent)), "DeploymentTimeout")
        assert.strictEqual((yield* Effect.flip(deployer.get("guarded")))._tag, "DeploymentNotFound")
        const made = yield* deployer.provision(fixture.healthy, { name: "guarded" })
        const changes = [
          deployer.provision(fixture.silent, ofSilent),
          deployer.getOrCreate(fixture.silent, ofSilent),
          deployer.reprovision("guarded", { snapshot: fixture.silent, allowOtherPipeline: true, settings })
        ]
        for (const change of changes) assert.strictEqual(yield* ending(change), "DeploymentTimeout")
        assert.deepStrictEqual(yield* deployer.get("guarded"), made)
        assert.isTrue(yield* fixture.answers(made))
        yield* Effect.uninterruptible(deployer.refresh("guarded"))
        yield* Effect.uninterruptible(deployer.reconcile)
        yield* Effect.uninterruptible(Stream.runDrain(deployer.logs("guarded", { tail: 1 })))
        const brief = { timeoutMillis: 60_000 }
        yield* Effect.uninterruptible(deployer.deprovision("guarded", brief))
        yield* Effect.uninterruptible(deployer.delete("guarded", brief))
        assert.deepStrictEqual(yield* fixture.instances(made), [])
      })
    )
  )

  it.effect("a replacement whose gate fails leaves everything as it was, also before it is healthy", () =>
    Effect.forEach(["another", "silent"] as const, (kind) =>
      unchanged(`gated-${kind}`, (fixture, replace, deployer) =>
        Effect.gen(function* () {
          const events = yield* deployer.subscribe
          const gate = yield* Deferred.make<void, { readonly message: string }>()
          const replacing = yield* Effect.fork(replace(fixture[kind], undefined, Deferred.await(gate)))
          yield* Effect.repeat(Queue.take(events), {
            until: ({ type }) => type === (kind === "another" ? "healthy" : "health_waiting")
          })
          yield* Deferred.fail(gate, { message: "the types are wrong" })
          const error = yield* Effect.flip(Fiber.join(replacing))
          assert.strictEqual(error._tag, "DeploymentProvisionFailed")
          assert.include(error.message, "the types are wrong")
        }).pipe(Effect.scoped)
      )
    )
  )

  it.effect("a replacement that is interrupted leaves everything as it was", () =>
    unchanged("called-off", ({ silent }, replace, deployer) =>
      Effect.gen(function* () {
        const events = yield* deployer.subscribe
        const replacing = yield* Effect.fork(replace(silent))
        yield* Effect.repeat(Queue.take(events), { until: ({ type }) => type === "health_waiting" })
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(replacing)))
      }).pipe(Effect.scoped)
    )
  )
}

// internal

type Replace = (
  snapshot: Snapshot,
  settings?: { readonly timeoutMillis: number },
  gate?: ProvisionOptions["gate"]
) => Effect.Effect<Deployment, ProvisionError>

const setSecret = (name: string, value: string) =>
  Effect.flatMap(SecretStore, (secrets) => secrets.set(name, Redacted.make(value)))

/** The replacement has another key, other secrets and other variables than what serves. */
const unchanged = <E, R>(
  name: string,
  fail: (fixture: typeof DeployerFixture.Service, replace: Replace, deployer: Service) => Effect.Effect<void, E, R>
) =>
  withDeployment(name, (deployer, fixture) =>
    Effect.gen(function* () {
      yield* setSecret("KEPT", "what it was")
      yield* setSecret("ADDED", "something else")
      const made = yield* deployer.provision(fixture.healthy, {
        name,
        settings: { secrets: ["KEPT"], environment: { COLOUR: "green" } }
      })
      const before = yield* everything(made, deployer)
      yield* setSecret("KEPT", "what it would become")
      yield* fail(
        fixture,
        (snapshot, settings, gate) =>
          deployer.provision(snapshot, {
            name,
            gate,
            rotateAuthKey: true,
            settings: { secrets: ["KEPT", "ADDED"], environment: { COLOUR: "red" }, ...settings }
          }),
        deployer
      )
      assert.deepStrictEqual(yield* everything(made, deployer), before)
      assert.isTrue(yield* fixture.answers(made))
    })
  )

const everything = (made: Deployment, deployer: Service) =>
  Effect.gen(function* () {
    const fixture = yield* DeployerFixture
    const store = yield* DeploymentStore
    const key = yield* deployer.authKey(made.id)
    return {
      record: Option.getOrThrow(yield* store.find(made.id)),
      key: key === undefined ? undefined : Redacted.value(key),
      instances: yield* fixture.instances(made),
      files: fixture.files === undefined ? {} : yield* fixture.files(made)
    }
  })
