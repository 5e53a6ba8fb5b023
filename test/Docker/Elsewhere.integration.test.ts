/** An engine that is reached as one on another machine is: nothing of this machine's folders, sockets or ports is used. */
import { spawnSync } from "node:child_process"
import { FileSystem, HttpBody, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Chunk, Context, Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { Home } from "effect-deployers"
import { startElsewhere } from "../../scripts/engine.mjs"
import type { Deployment } from "../../src/Deployment.js"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import * as Labels from "../../src/Docker/Labels.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { census, fromFile, layerDocker } from "./DockerFixture.js"

const canary = "canary-2b8f40c1d6e7-never-to-be-seen"

class Elsewhere extends Context.Tag("test/Elsewhere")<Elsewhere, Awaited<ReturnType<typeof startElsewhere>>>() {}

const layerEngine = Layer.scoped(
  Elsewhere,
  Effect.acquireRelease(
    Effect.promise(() => startElsewhere()),
    (engine) => Effect.promise(() => engine.dispose())
  )
)

const layerElsewhere = Layer.unwrapEffect(
  Effect.map(Elsewhere, ({ host }) => layerDocker(Effect.succeed(host), { secretsFolders: [] }))
).pipe(Layer.provideMerge(layerEngine))

const settings = { auth: { _tag: "none" as const }, address: "0.0.0.0" }

const Answer = Schema.Struct({ outputs: Schema.Unknown })
const Runs = Schema.Struct({ runs: Schema.Array(Schema.Struct({ index: Schema.Int })) })

const get = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url)).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(({ text }) => text),
    Effect.scoped
  )

const invoke = ({ url }: Deployment) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters: { text: "hi" } }) })
  ).pipe(
    // A service that comes back with its engine answers 503 until it is ready.
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(({ text }) => text),
    Effect.flatMap(Schema.decode(Schema.parseJson(Answer))),
    Effect.map(({ outputs }) => JSON.stringify(outputs)),
    Effect.scoped
  )

/** Indices of the runs on record, newest first. */
const runs = ({ url }: Deployment) =>
  get(`${url}/runs`).pipe(
    Effect.flatMap(Schema.decode(Schema.parseJson(Runs))),
    Effect.map(({ runs }) => runs.map(({ index }) => index))
  )

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(150)))

/** Files below a folder that have the canary in them. */
const filesWithCanary = (folder: string) =>
  Effect.sync(() =>
    spawnSync("grep", ["-rlF", "--devices=skip", canary, folder], { encoding: "utf8" })
      .stdout.split("\n")
      .filter((line) => line !== "")
  )

/** The leftovers of a failed try would fail the next one too. */
const removeAgain = (name: string) => Effect.flatMap(DockerDeployer, (deployer) => Effect.ignore(deployer.delete(name)))

const seenByEverybody = (deployment: Deployment) =>
  Effect.gen(function* () {
    const { containers, images, volumes } = yield* DockerClient
    const deployer = yield* DockerDeployer
    const { imageId, labels, raw } = yield* containers.inspect(String(deployment.metadata.containerId))
    return {
      inspect: JSON.stringify(raw),
      labels: JSON.stringify(labels),
      history: JSON.stringify(yield* images.history(imageId)),
      image: JSON.stringify((yield* images.inspect(imageId)).raw),
      volumes: JSON.stringify(yield* volumes.list({})),
      deployment: JSON.stringify(yield* deployer.get(deployment.name)),
      log: JSON.stringify(Chunk.toReadonlyArray(yield* Stream.runCollect(deployer.logs(deployment.name)))),
      info: yield* get(`${deployment.url}/info`)
    }
  })

const volumesOf = ({ id }: Deployment, purposes: ReadonlyArray<string>) =>
  purposes.map((purpose) => Labels.volumeName(id, purpose)).sort()

layer(layerElsewhere, { excludeTestServices: true, timeout: "4 minutes" })("An engine of another machine", (it) => {
  it.effect("is recognised, and refuses a deployment that is not reachable", () =>
    Effect.gen(function* () {
      const { address, host } = yield* Elsewhere
      const docker = yield* DockerClient
      assert.deepStrictEqual(yield* docker.host, { url: host, remote: true, hostname: address, private: false })
      const deployer = yield* DockerDeployer
      const healthy = yield* fromFile("healthy.ts", "healthy")
      const error = yield* Effect.flip(deployer.provision(healthy, { name: "hidden" }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, `${host} is another machine`)
      assert.include(error.message, "0.0.0.0")
      assert.deepStrictEqual(yield* docker.images.list({}), [])
      yield* deployer.delete("hidden")
    })
  )

  it.effect("serves through a whole life, and keeps what it was given to itself", () =>
    Effect.gen(function* () {
      const { address, folder, ...engine } = yield* Elsewhere
      const deployer = yield* DockerDeployer
      const docker = yield* DockerClient
      const fs = yield* FileSystem.FileSystem
      const home = yield* Home.Home
      yield* Effect.flatMap(SecretStore, (store) => store.set("TOKEN", Redacted.make(canary)))
      const read = `"secretLength":${canary.length}`

      const made = yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), {
        name: "far",
        settings: { ...settings, secrets: ["TOKEN"] }
      })
      assert.strictEqual(made.url, `http://${address}:${made.metadata.port}`)
      assert.include(yield* invoke(made), read)
      const seen = yield* seenByEverybody(made)
      assert.isAbove(seen.log.length, 2)
      for (const [place, text] of Object.entries(seen)) assert.notInclude(text, canary, place)
      assert.deepStrictEqual(yield* census, {
        containers: [Labels.containerName({ deploymentId: made.id, generation: 1 })],
        networks: [Labels.networkName(made.id)],
        volumes: volumesOf(made, ["1-config", "1-secrets", "data"])
      })

      const [secrets] = (yield* docker.volumes.list({})).filter(({ name }) => name.endsWith("secrets"))
      assert.deepStrictEqual(yield* filesWithCanary(folder), [`${secrets?.mountpoint}/TOKEN`])
      assert.deepStrictEqual(yield* filesWithCanary(home.root), [])
      const access = (path: string) => Effect.map(fs.stat(path), ({ mode }) => (mode & 0o777).toString(8))
      assert.deepStrictEqual(
        [
          yield* access(`${secrets?.mountpoint}/TOKEN`),
          yield* access(String(secrets?.mountpoint)),
          yield* access(`${folder}/data`)
        ],
        ["400", "500", "710"]
      )

      yield* Effect.promise(() => engine.kill())
      assert.isDefined((yield* deployer.refresh("far")).unknownSince)
      yield* Effect.promise(() => engine.restart())
      assert.include(yield* eventually(invoke(made)), read)
      yield* Effect.promise(() => engine.end())
      yield* Effect.promise(() => engine.restart())
      assert.include(yield* eventually(invoke(made)), read)
      assert.deepStrictEqual(yield* runs(made), [3, 2, 1])

      const replaced = yield* deployer.provision(yield* fromFile("healthy.ts", "another"), {
        name: "far",
        settings: { ...settings, secrets: ["TOKEN"] }
      })
      yield* invoke(replaced)
      assert.deepStrictEqual(yield* runs(replaced), [4, 3, 2, 1])
      assert.deepStrictEqual((yield* census).volumes, volumesOf(made, ["2-config", "2-secrets", "data"]))

      yield* deployer.deprovision("far")
      const data = volumesOf(made, ["data"])
      assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: data })
      assert.deepStrictEqual(yield* filesWithCanary(folder), [])

      const back = yield* deployer.reprovision("far")
      assert.deepStrictEqual(yield* runs(back), [4, 3, 2, 1])
      yield* deployer.delete("far")
      assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
      assert.deepStrictEqual(yield* docker.volumes.list({}), [])
    }).pipe(Effect.onError(() => removeAgain("far")))
  )

  it.effect("shows the service its files read-only, and to its user alone", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const docker = yield* DockerClient
      yield* Effect.flatMap(SecretStore, (store) => store.set("TOKEN", Redacted.make(canary)))
      const made = yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), {
        name: "guarded",
        settings: { ...settings, secrets: ["TOKEN"] }
      })
      const { mounts, user } = yield* docker.containers.inspect(String(made.metadata.containerId))
      assert.strictEqual(user, "10001:10001")
      assert.deepStrictEqual(mounts.map(({ name, readOnly, target, type }) => [target, type, name, readOnly]).sort(), [
        ["/data", "volume", Labels.volumeName(made.id, "data"), false],
        ["/run/effect-deployers", "volume", Labels.volumeName(made.id, "1-config"), true],
        ["/run/secrets", "volume", Labels.volumeName(made.id, "1-secrets"), true]
      ])
      yield* deployer.delete("guarded")
    })
  )

  it.effect("leaves a foreign volume of its name alone", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const { volumes } = yield* DockerClient
      const healthy = yield* fromFile("healthy.ts", "healthy")
      const made = yield* deployer.provision(healthy, { name: "mine", settings })
      const name = Labels.volumeName(made.id, "2-config")
      yield* volumes.create({ name, labels: { somebody: "else" } })
      const error = yield* Effect.flip(deployer.provision(healthy, { name: "mine", settings }))
      assert.strictEqual(error._tag, "ResourceNotOwned")
      assert.include(error.message, name)
      assert.strictEqual((yield* deployer.refresh("mine")).status, "running")
      yield* deployer.delete("mine")
      assert.deepStrictEqual(
        (yield* volumes.list({})).map((volume) => volume.name),
        [name]
      )
      yield* volumes.remove(name)
    })
  )

  it.effect("does without a port that is taken there, and says when it must have it", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const healthy = yield* fromFile("healthy.ts", "healthy")
      const first = yield* deployer.provision(healthy, { name: "first", settings })
      const port = Number(first.metadata.port)
      const error = yield* Effect.flip(deployer.provision(healthy, { name: "second", settings: { ...settings, port } }))
      assert.deepInclude(error, { _tag: "PortUnavailable", port })
      const second = yield* deployer.provision(healthy, {
        name: "second",
        settings: { ...settings, portRange: { from: port, to: port + 1 } }
      })
      assert.strictEqual(second.metadata.port, port + 1)
      yield* deployer.delete("first")
      yield* deployer.delete("second")
    })
  )
})
