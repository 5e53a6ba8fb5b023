import { HttpBody, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Chunk, Clock, Effect, Schedule, Stream } from "effect"
import type { Deployment } from "effect-deployers"
import * as DockerClient from "../../src/Docker/DockerClient.js"
import * as Labels from "../../src/Docker/Labels.js"
import { DeploymentStore } from "../../src/Store/DeploymentStore.js"
import { isOf, tasksOf } from "../../src/Swarm/Backend/Lookup.js"
import { serviceName } from "../../src/Swarm/Backend/Names.js"
import { scale } from "../../src/Swarm/Scale.js"
import { SwarmDeployer } from "../../src/Swarm/SwarmDeployer.js"
import { underLoad } from "../Load.js"
import { census, fromFile, layerSwarm } from "./SwarmFixture.js"

type Made = Pick<Deployment.Deployment, "id" | "url" | "generation">

const invoke = ({ url }: Pick<Made, "url">) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters: { number: 1, millis: 5 } }) })
  ).pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.scoped)

const runningTasks = ({ generation, id }: Made) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient.DockerClient
    const tasks = yield* tasksOf(yield* services.inspect(serviceName(id)))
    return tasks.filter(isOf(generation)).filter(({ state }) => state === "running")
  })

const open = { auth: { _tag: "none" } } as const

/** A deployment that is deleted at the end of the test. */
const deployed = (name: string) =>
  Effect.gen(function* () {
    const deployer = yield* SwarmDeployer
    yield* Effect.addFinalizer(() => Effect.ignore(deployer.delete(name)))
    return yield* deployer.provision(yield* fromFile("paced.ts", "first"), { name, settings: open })
  })

layer(layerSwarm(), { excludeTestServices: true, timeout: "5 minutes" })("A deployment in a swarm", (it) => {
  it.scoped("W01 W02 W03 W08 W10: what fails changes nothing, and a replace fails no request", () =>
    Effect.gen(function* () {
      const deployer = yield* SwarmDeployer
      const docker = yield* DockerClient.DockerClient
      const { registryId } = yield* DeploymentStore
      const made = yield* deployed("busy")
      const before = yield* runningTasks(made)
      const crashing = yield* fromFile("failing.ts", "crashing")
      const second = yield* fromFile("paced.ts", "second")
      const allowed = { name: "busy", allowOtherPipeline: true } as const

      const [replaced, tally] = yield* underLoad({ callers: 3, restMillis: 30, ask: () => invoke(made) }, () =>
        Effect.gen(function* () {
          // W01: an update that fails.
          const failed = yield* Effect.flip(deployer.provision(crashing, { ...allowed, settings: open }))
          assert.strictEqual(failed._tag, "DeploymentProvisionFailed")
          assert.include(failed.message, "exit code")
          assert.include(failed.message, "something went wrong")
          const after = yield* runningTasks(made)
          assert.deepStrictEqual(
            after.map(({ containerId }) => containerId),
            before.map(({ containerId }) => containerId)
          )

          // W10: the kernel of this machine has no IPVS.
          const had = yield* census
          const mesh = yield* Effect.flip(
            deployer.provision(second, { name: "busy", settings: { ...open, publish: "mesh" } })
          )
          assert.strictEqual(mesh._tag, "DeploymentProvisionFailed")
          assert.include(mesh.message, "IPVS")
          assert.deepStrictEqual(yield* census, had)

          // W08: another service of the swarm has the port.
          const taken = Number(made.metadata["port"]) === 31_990 ? 31_991 : 31_990
          const [image] = yield* Effect.map(runningTasks(made), (tasks) =>
            tasks.map(() => String(made.metadata["image"]))
          )
          const holder = yield* docker.services.create({
            name: `holder-${made.id}`,
            labels: {},
            container: {
              image: image ?? "",
              labels: {},
              entrypoint: ["/usr/bin/node"],
              command: ["-e", "setInterval(() => {}, 1e6)"]
            },
            replicas: 1,
            restart: { condition: "none" },
            endpoint: "dnsrr",
            ports: [{ container: 8_000, host: taken, mode: "host" }]
          })
          yield* Effect.addFinalizer(() => Effect.ignore(docker.services.remove(holder)))
          const port = yield* Effect.flip(
            deployer.provision(second, { name: "busy", settings: { ...open, port: taken } })
          )
          assert.deepInclude({ ...port }, { _tag: "PortUnavailable", port: taken })

          // W02: no request reaches a task before its first health check.
          return yield* deployer.provision(second, { name: "busy", settings: open })
        })
      )
      assert.deepStrictEqual([tally.failed, tally.failures], [0, []])
      assert.isAbove(tally.requests, 20)
      assert.strictEqual(replaced.url, made.url)

      // W03: the secrets and configs of earlier generations are gone, and one in use stays.
      const objects = [docker.secrets, docker.configs] as const
      for (const { list, remove } of objects) {
        const left = (yield* list(Labels.filter({ registryId, deploymentId: made.id }))).filter(
          ({ labels }) => labels[Labels.keys.role] === undefined
        )
        assert.isNotEmpty(left)
        for (const { id, labels } of left) {
          assert.strictEqual(labels[Labels.keys.generation], String(replaced.generation))
          assert.strictEqual((yield* Effect.flip(remove(id)))._tag, "SwarmObjectInUse")
        }
      }
    })
  )

  it.scoped("W05 W07: says that no node fits, and makes a change after that of another program", () =>
    Effect.gen(function* () {
      const deployer = yield* SwarmDeployer
      const docker = yield* DockerClient.DockerClient
      const made = yield* deployed("placed")
      const second = yield* fromFile("paced.ts", "second")
      const placedAt = (constraint: string) =>
        Effect.flip(deployer.provision(second, { name: "placed", settings: { ...open, constraints: [constraint] } }))
      const unknown = yield* placedAt("node.labels.disk==ssd")
      assert.include(unknown.message, "no node that is ready and active fits the constraints node.labels.disk==ssd")
      const begin = yield* Clock.currentTimeMillis
      const unfit = yield* placedAt("engine.labels.disk==ssd")
      assert.strictEqual(unfit._tag, "DeploymentProvisionFailed")
      assert.include(unfit.message, "no node can run a task of it")
      assert.isBelow((yield* Clock.currentTimeMillis) - begin, 60_000)
      yield* invoke(made)

      // W07: a change of an earlier look is refused, and the deployer looks again.
      const stale = yield* docker.services.inspect(serviceName(made.id))
      const label = (value: string) => DockerClient.ServiceChange.Label({ labels: { "example.com/note": value } })
      yield* docker.services.update(stale, label("one"))
      assert.strictEqual((yield* Effect.flip(docker.services.update(stale, label("two"))))._tag, "UpdateOutOfSequence")
      const [replaced] = yield* Effect.all(
        [
          deployer.provision(second, { name: "placed", settings: open }),
          Effect.repeat(
            Effect.ignore(
              Effect.flatMap(docker.services.inspect(serviceName(made.id)), (now) =>
                docker.services.update(now, label("again"))
              )
            ),
            Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(10))
          )
        ],
        { concurrency: 2 }
      )
      yield* invoke(replaced)

      // A task whose process is killed is replaced by the swarm, and the log has the lines of both.
      const [task] = yield* runningTasks(replaced)
      yield* docker.containers.kill(task?.containerId ?? assert.fail("it has no task"))
      yield* Effect.retry(invoke(replaced), Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(300)))
      const lines = yield* Stream.runCollect(deployer.logs("placed"))
      assert.isAtLeast(Chunk.size(Chunk.filter(lines, ({ text }) => text.includes("is ready"))), 2)

      // A second task would have a run store of its own.
      const refused = yield* Effect.flip(scale("placed", 2))
      assert.strictEqual(refused._tag, "DeploymentInvalidSettings")
      assert.include(refused.message, "runStoreSecret")
    })
  )
})
