/** The door of a deployment in an engine that runs nothing. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { isDoor, servantOf } from "../../../src/Conformance/FakeEngine/Doors.js"
import * as FakeEngine from "../../../src/Conformance/FakeEngine.js"
import { DockerClient } from "../../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../../src/Docker/DockerDeployer.js"
import { SnapshotStore } from "../../../src/Store/SnapshotStore.js"
import * as InMemoryDeployer from "../../../src/Testing/InMemoryDeployer.js"
import { layerDeployer } from "../DockerFakes.js"

const healthy = (version: string) =>
  Effect.flatMap(SnapshotStore, (snapshots) => snapshots.put(InMemoryDeployer.draft("healthy", version)))

/** The doors of the engine, and the generation that each of them leads to. */
const doors = Effect.map(FakeEngine.FakeEngine, (engine) =>
  Array.from(engine.containers.values())
    .filter(isDoor)
    .map((door) => ({ door, leadsTo: servantOf(engine, door)?.name.split("-").at(-1) }))
)

const leading = Effect.map(doors, (all) => all.map(({ leadsTo }) => leadsTo))

const onlyDoor = Effect.flatMap(doors, ([first, ...others]) =>
  first === undefined || others.length > 0
    ? Effect.dieMessage(`There are ${others.length + (first === undefined ? 0 : 1)} doors.`)
    : Effect.succeed(first.door)
)

layer(layerDeployer({ door: true }), { excludeTestServices: true })("the door of a Docker deployment", (it) => {
  it.effect("is a closed container of the image that is there, and belongs to no generation", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      yield* deployer.provision(yield* healthy("one"), { name: "closed" })
      const { spec } = yield* onlyDoor
      assert.deepInclude(spec, {
        readOnlyRoot: true,
        capDrop: ["ALL"],
        securityOptions: ["no-new-privileges"],
        restartPolicy: { name: "always" },
        healthcheck: "none"
      })
      assert.strictEqual(spec.resources?.memoryBytes, 256 * 1_048_576)
      assert.deepStrictEqual(
        (spec.mounts ?? []).map(({ type }) => type),
        ["volume"]
      )
      assert.isUndefined(spec.labels["effect-deployers.generation"])
      yield* deployer.delete("closed")
    })
  )

  it.effect("has the port, and leads to the accepted generation over replace, rollback and a failed replace", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const settings = { port: 8_081 }
      const one = yield* healthy("one")
      const two = yield* healthy("two")
      const made = yield* deployer.provision(one, { name: "led", settings })
      const { id } = yield* onlyDoor
      assert.deepStrictEqual([made.url, yield* leading], ["http://127.0.0.1:8081", ["1"]])
      const { action, gap } = yield* deployer.plan(two, { name: "led", settings })
      assert.deepStrictEqual([action, gap], ["replace", false])
      yield* deployer.provision(two, { name: "led", settings })
      assert.deepStrictEqual(yield* leading, ["2"])
      const rolledBack = yield* deployer.rollback("led")
      assert.deepStrictEqual([rolledBack.url, yield* leading, (yield* onlyDoor).id], [made.url, ["3"], id])
      const silent = yield* Effect.flatMap(SnapshotStore, (store) => store.put(InMemoryDeployer.draft("silent")))
      yield* Effect.flip(deployer.provision(silent, { name: "led", settings: { ...settings, timeoutMillis: 1_000 } }))
      assert.deepStrictEqual([yield* leading, (yield* onlyDoor).id], [["3"], id])
      yield* deployer.delete("led")
      assert.deepStrictEqual(yield* doors, [])
    })
  )

  it.effect("that was removed by hand is opened again at its port by reconcile", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const { containers } = yield* DockerClient
      const made = yield* deployer.provision(yield* healthy("one"), { name: "removed" })
      yield* Effect.orDie(containers.remove((yield* onlyDoor).id, { force: true }))
      assert.deepInclude(
        { ...(yield* deployer.refresh("removed")) },
        {
          status: "error",
          reason: "its door does not exist"
        }
      )
      yield* deployer.reconcile
      const back = yield* deployer.get("removed")
      assert.deepStrictEqual(
        [back.status, back.url, back.metadata.containerId, yield* leading],
        ["running", made.url, made.metadata.containerId, ["1"]]
      )
      yield* deployer.delete("removed")
    })
  )

  it.effect("is not a foreign container of its name", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const { containers, volumes } = yield* DockerClient
      const engine = yield* FakeEngine.FakeEngine
      const settings = { port: 8_082 }
      const made = yield* deployer.provision(yield* healthy("one"), { name: "foreign", settings })
      yield* deployer.deprovision("foreign")
      assert.deepStrictEqual(yield* volumes.list({}), [])
      const name = `effect-deployers-${made.id}-door-8082`
      yield* engine.addImage({ tags: ["somebody/else:1"] })
      const foreign = yield* Effect.orDie(containers.create({ name, image: "somebody/else:1", labels: {} }))
      const error = yield* Effect.flip(deployer.provision(yield* healthy("two"), { name: "foreign", settings }))
      assert.strictEqual(error._tag, "ResourceNotOwned")
      assert.include(error.message, name)
      assert.isTrue(engine.containers.has(foreign))
      yield* deployer.delete("foreign")
      assert.isTrue(engine.containers.has(foreign))
      yield* Effect.orDie(containers.remove(foreign))
    })
  )
})
