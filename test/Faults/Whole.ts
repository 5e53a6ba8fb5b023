/** The state of a deployment after its deployer was killed and a reconcile ran. */
import { FileSystem, HttpClient, Path } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer, type Deployment, Home } from "effect-deployers"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import type { Task } from "./Dying.js"

const answers = ({ url }: Deployment.Deployment) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${url}/health/ready`)).pipe(
    Effect.map(({ status }) => status === 200),
    Effect.orElseSucceed(() => false),
    Effect.scoped
  )

/**
 * After one reconcile: nothing open, nothing left over, and what is accepted serves. An engine goes on with a request whose
 * client was killed, so its answer may be there only after that reconcile has looked: the next one removes it.
 */
export const isWhole = (name: string, flavor: Task["flavor"]) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const store = yield* DeploymentStore
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const home = yield* Home.Home
    const report = yield* deployer.reconcile
    assert.deepStrictEqual(
      report.actions.filter(({ outcome }) => outcome !== "done"),
      []
    )
    assert.deepStrictEqual(yield* store.openOperations, [])
    const now = yield* deployer.get(name)
    const generations = path.join(home.deployment(now.id), "generations")
    const left = yield* Effect.orElseSucceed(fs.readDirectory(generations), (): Array<string> => [])
    const expected = now.desired === "running" && now.generation > 0 ? [String(now.generation)] : []
    assert.deepStrictEqual(left, expected)
    if (expected.length > 0) {
      assert.strictEqual(now.status, "running")
      assert.isTrue(yield* answers(now))
    }
    const late = flavor === "docker" ? (yield* deployer.reconcile).actions : []
    assert.isTrue(late.every(({ action, outcome }) => outcome === "done" && action === "remove"))
    assert.deepStrictEqual((yield* deployer.reconcile).actions, [])
    return now
  })
