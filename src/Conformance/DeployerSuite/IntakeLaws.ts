/** Laws of the pause and the maintenance of a deployment. */
import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Deployment } from "../../Deployment.js"
import { EventStore } from "../../Store/EventStore.js"
import type { DeployerFixture } from "../DeployerFixture.js"
import { type It, withDeployment } from "./Case.js"

/** Laws of the intake. */
export const laws = (it: It): void => {
  it.effect("a maintenance starts and ends without a new generation, and outlives replaces and crashes", () =>
    withDeployment("maintained", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "maintained" })
        const given = { message: "Back at 14:00.", retryAfter: "10 minutes" } as const
        const closed = yield* deployer.maintenance("maintained", given)
        const expected = { _tag: "Maintenance", message: "Back at 14:00.", retryAfterSeconds: 600 } as const
        assert.deepInclude(closed.intake, expected)
        assert.strictEqual(closed.generation, made.generation)
        yield* readiness(fixture, closed, false)
        const seen = yield* deployer.refresh("maintained")
        assert.deepStrictEqual([seen.status, seen.metadata], ["running", made.metadata])
        yield* deployer.reconcile
        assert.deepStrictEqual(yield* fixture.instances(seen), yield* fixture.instances(made))

        const replaced = yield* deployer.provision(fixture.another, { name: "maintained" })
        assert.deepStrictEqual([replaced.status, replaced.intake], ["running", closed.intake])
        yield* readiness(fixture, replaced, false)
        yield* fixture.kill(replaced)
        yield* deployer.refresh("maintained")
        const back = yield* deployer.reprovision("maintained")
        assert.deepStrictEqual([back.status, back.intake], ["running", closed.intake])
        yield* readiness(fixture, back, false)

        const open = yield* deployer.resume("maintained")
        assert.deepStrictEqual([open.generation, open.intake], [back.generation, undefined])
        yield* readiness(fixture, open, true)
        assert.deepStrictEqual(yield* deployer.resume("maintained"), open)
        const events = yield* Effect.flatMap(EventStore, (store) => store.list({ deploymentId: made.id }))
        const types = events.map(({ type }) => type)
        for (const type of ["maintenance_started", "intake_kept", "resumed"] as const) assert.include(types, type)
      })
    )
  )

  it.effect(
    "a pause keeps the deployment ready, the last of a pause and a maintenance counts, and a stop keeps it",
    () =>
      withDeployment("paused", (deployer, fixture) =>
        Effect.gen(function* () {
          const made = yield* deployer.provision(fixture.healthy, { name: "paused" })
          const before = yield* DateTime.now
          const held = yield* deployer.pause("paused", { for: "5 minutes" })
          const until = held.intake?._tag === "Paused" ? held.intake.until : before
          assert.isAtLeast(DateTime.distance(before, until), 300_000)
          assert.strictEqual(held.generation, made.generation)
          yield* readiness(fixture, held, true)
          yield* deployer.maintenance("paused")
          yield* readiness(fixture, held, false)
          const again = yield* deployer.pause("paused", { for: "4 minutes" })
          yield* readiness(fixture, again, true)

          yield* deployer.deprovision("paused")
          const stopped = yield* deployer.maintenance("paused")
          assert.deepStrictEqual([stopped.desired, stopped.intake?._tag], ["stopped", "Maintenance"])
          assert.deepStrictEqual(yield* fixture.instances(stopped), [])
          const back = yield* deployer.reprovision("paused")
          assert.strictEqual(back.intake?._tag, "Maintenance")
          yield* readiness(fixture, back, false)
          yield* deployer.resume("paused")
          yield* readiness(fixture, back, true)
        })
      )
  )

  it.effect("refuses a pause without length or over five minutes, an empty message, and unknown names", () =>
    withDeployment("pausable", (deployer, fixture) =>
      Effect.gen(function* () {
        const made = yield* deployer.provision(fixture.healthy, { name: "pausable" })
        const refusals = [
          deployer.pause("pausable", { for: 0 }),
          deployer.pause("pausable", { for: "301 seconds" }),
          deployer.maintenance("pausable", { message: " " }),
          deployer.maintenance("pausable", { message: "m".repeat(501) }),
          deployer.maintenance("pausable", { retryAfter: 0 })
        ]
        for (const refused of refusals)
          assert.strictEqual((yield* Effect.flip(refused))._tag, "DeploymentInvalidSettings")
        assert.deepStrictEqual(yield* deployer.get("pausable"), made)
        for (const operation of [deployer.pause, deployer.maintenance, deployer.resume]) {
          assert.strictEqual((yield* Effect.flip(operation("not-there")))._tag, "DeploymentNotFound")
        }
      })
    )
  )
}

// internal

const readiness = (
  { isReady }: typeof DeployerFixture.Service,
  deployment: Deployment,
  expected: boolean
): Effect.Effect<void> =>
  isReady === undefined
    ? Effect.void
    : Effect.map(isReady(deployment), (is) => assert.strictEqual(is, expected, `readiness of ${deployment.name}`))
