import { createServer } from "node:net"
import { FileSystem, HttpBody, HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Chunk, Console, Effect, Option, Queue, Redacted, Schedule, Schema, Stream } from "effect"
import { Home } from "effect-deployers"
import { names } from "../../src/Bundle/Names.js"
import type { Deployment } from "../../src/Deployment.js"
import { type ContainerSpec, DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import * as Labels from "../../src/Docker/Labels.js"
import type { DockerSettingsInput } from "../../src/Docker/Settings.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { census, fromFile, layerDocker } from "./DockerFixture.js"

const canary = "canary-5f1c2e9b7d3a-never-to-be-seen"

const Inspected = Schema.Struct({
  Config: Schema.Struct({ User: Schema.String, StopTimeout: Schema.Number, Healthcheck: Schema.Unknown }),
  State: Schema.Struct({ Pid: Schema.Number }),
  HostConfig: Schema.Struct({
    Privileged: Schema.Boolean,
    ReadonlyRootfs: Schema.Boolean,
    CapAdd: Schema.NullOr(Schema.Array(Schema.String)),
    CapDrop: Schema.NullOr(Schema.Array(Schema.String)),
    SecurityOpt: Schema.NullOr(Schema.Array(Schema.String)),
    Init: Schema.Boolean,
    Memory: Schema.Number,
    MemorySwap: Schema.Number,
    CpuShares: Schema.Number,
    PidsLimit: Schema.Number,
    Ulimits: Schema.Array(Schema.Struct({ Name: Schema.String, Soft: Schema.Number, Hard: Schema.Number })),
    NetworkMode: Schema.String,
    PidMode: Schema.String,
    IpcMode: Schema.String,
    UTSMode: Schema.String,
    UsernsMode: Schema.String,
    Devices: Schema.NullOr(Schema.Array(Schema.Unknown)),
    Binds: Schema.NullOr(Schema.Array(Schema.String)),
    Tmpfs: Schema.Record({ key: Schema.String, value: Schema.String }),
    RestartPolicy: Schema.Struct({ Name: Schema.String }),
    LogConfig: Schema.Struct({
      Type: Schema.String,
      Config: Schema.Record({ key: Schema.String, value: Schema.String })
    }),
    PortBindings: Schema.Record({
      key: Schema.String,
      value: Schema.Array(Schema.Struct({ HostIp: Schema.String, HostPort: Schema.String }))
    })
  }),
  Mounts: Schema.Array(
    Schema.Struct({
      Type: Schema.String,
      Source: Schema.String,
      Destination: Schema.String,
      RW: Schema.Boolean,
      Propagation: Schema.String
    })
  )
})

const inspect = (deployment: Deployment) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const container = yield* containers.inspect(String(deployment.metadata.containerId))
    return { container, engine: yield* Schema.decodeUnknown(Inspected)(container.raw) }
  })

const invoke = (url: string | undefined, text: string) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const response = yield* client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters: { text } }) })
    return { status: response.status, body: yield* response.text }
  }).pipe(Effect.scoped)

const open = { auth: { _tag: "none" } } satisfies DockerSettingsInput

/** Provisions `healthy`, and deletes the deployment afterwards. */
const withHealthy = <A, E, R>(
  name: string,
  settings: DockerSettingsInput,
  use: (deployment: Deployment, deployer: typeof DockerDeployer.Service) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const deployer = yield* DockerDeployer
    const snapshot = yield* fromFile("healthy.ts", "healthy")
    yield* deployer.provision(snapshot, { name, settings: { ...open, ...settings } }).pipe(
      Effect.flatMap((deployment) => use(deployment, deployer)),
      Effect.ensuring(Effect.orDie(deployer.delete(name)))
    )
  })

const listening = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer()
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ port, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(150)))

const contains = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, text: string) =>
  bytes.pipe(
    Stream.runFold({ rest: Buffer.alloc(0), found: false }, ({ found, rest }, chunk) => {
      const all = Buffer.concat([rest, chunk])
      return { rest: all.subarray(Math.max(0, all.length - text.length)), found: found || all.includes(text) }
    }),
    Effect.map(({ found }) => found)
  )

const filesWith = (folder: string, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const names = yield* fs.readDirectory(folder, { recursive: true })
    return yield* Effect.filter(names, (name) =>
      Effect.gen(function* () {
        const file = `${folder}/${name}`
        if ((yield* fs.stat(file)).type !== "File") return false
        return Buffer.from(yield* fs.readFile(file)).includes(text)
      })
    )
  })

layer(layerDocker(), { excludeTestServices: true, timeout: "2 minutes" })("DockerDeployer on a real engine", (it) => {
  it.effect("F23 G32: runs hardened by default", () =>
    withHealthy("hardened", {}, (deployment) =>
      Effect.gen(function* () {
        const { container, engine } = yield* inspect(deployment)
        const { Config, HostConfig, Mounts } = engine
        assert.match(Config.User, /^[1-9]\d*:[1-9]\d*$/)
        assert.strictEqual(Config.StopTimeout, 30)
        assert.isObject(Config.Healthcheck)
        assert.deepInclude(HostConfig, {
          Privileged: false,
          ReadonlyRootfs: true,
          CapAdd: null,
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges"],
          Init: true,
          Memory: 536_870_912,
          MemorySwap: 536_870_912,
          CpuShares: 1_024,
          PidsLimit: 256,
          Ulimits: [{ Name: "nofile", Soft: 4_096, Hard: 4_096 }],
          NetworkMode: Labels.networkName(deployment.id),
          PidMode: "",
          IpcMode: "private",
          UTSMode: "",
          UsernsMode: "",
          Binds: null,
          RestartPolicy: { Name: "always" },
          LogConfig: { Type: "json-file", Config: { "max-size": "10485760", "max-file": "3" } },
          PortBindings: { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(deployment.metadata.port) }] }
        })
        assert.isEmpty(HostConfig.Devices ?? [])
        assert.strictEqual(HostConfig.Tmpfs["/tmp"], "rw,nosuid,nodev,noexec,size=67108864,mode=1777")
        const home = yield* Home.Home
        const folder = home.deployment(deployment.id)
        assert.deepStrictEqual(
          Mounts.filter(({ Type }) => Type === "bind")
            .map(({ Destination, Propagation, RW, Source }) => [Source, Destination, RW, Propagation])
            .sort(),
          [
            [`${folder}/data`, "/data", true, "rprivate"],
            [`${folder}/generations/1/config`, "/run/effect-deployers", false, "rprivate"]
          ]
        )
        const fs = yield* FileSystem.FileSystem
        assert.deepStrictEqual(yield* fs.readDirectory(`${folder}/generations/1/config`), [
          names.codeCache,
          "manifest.json"
        ])
        assert.isTrue(Labels.isOurs(container.labels, container.labels[Labels.keys.registry] ?? ""))
        assert.isAtLeast(Number(deployment.metadata.port), 20_000)
        assert.isAtMost(Number(deployment.metadata.port), 31_999)
      })
    )
  )

  it.effect("G20 G23: gives secrets to the steps alone", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(SecretStore, (store) => store.set("TOKEN", Redacted.make(canary)))
      yield* withHealthy("guarded", { secrets: ["TOKEN"] }, (deployment, deployer) =>
        Effect.gen(function* () {
          const { containers, images } = yield* DockerClient
          const { container, engine } = yield* inspect(deployment)
          const answer = yield* invoke(deployment.url, "hi")
          assert.include(answer.body, `"secretLength":${canary.length}`)
          const mount = engine.Mounts.find(({ Destination }) => Destination === "/run/secrets")
          assert.isFalse(mount?.RW)
          const fs = yield* FileSystem.FileSystem
          assert.strictEqual((yield* fs.stat(`${mount?.Source}/TOKEN`)).mode & 0o777, 0o400)
          assert.strictEqual((yield* fs.stat(mount?.Source ?? "")).mode & 0o777, 0o500)
          const client = yield* HttpClient.HttpClient
          const info = yield* Effect.scoped(Effect.flatMap(client.get(`${deployment.url}/info`), ({ text }) => text))
          const lines = yield* Stream.runCollect(deployer.logs("guarded"))
          const failure = yield* Effect.flip(
            deployer.provision(yield* fromFile("failing.ts", "crashing"), {
              name: "guarded",
              settings: { secrets: ["TOKEN"] }
            })
          )
          const seen = {
            inspect: JSON.stringify(container.raw),
            history: JSON.stringify(yield* images.history(container.imageId)),
            image: JSON.stringify((yield* images.inspect(container.imageId)).raw),
            list: JSON.stringify(yield* containers.list(Labels.filter({ registryId: registryOf(container.labels) }))),
            deployment: JSON.stringify(yield* deployer.get("guarded")),
            revisions: JSON.stringify(yield* deployer.revisions("guarded")),
            logs: JSON.stringify(Chunk.toReadonlyArray(lines)),
            failure: `${failure.message} ${JSON.stringify(failure)} ${failure.stack}`,
            info
          }
          for (const [place, text] of Object.entries(seen)) assert.notInclude(text, canary, place)
          assert.isFalse(yield* contains(images.save(container.imageId), canary), "the layers of the image")
          const home = yield* Home.Home
          assert.deepStrictEqual(yield* filesWith(home.root, canary), [])
          yield* deployer.deprovision("guarded")
          assert.isFalse(yield* fs.exists(mount?.Source ?? ""))
          assert.include((yield* invoke((yield* deployer.reprovision("guarded")).url, "hi")).body, `:${canary.length}`)
        })
      )
    })
  )

  it.effect("leaves a foreign container of its name alone", () =>
    withHealthy("mine", {}, (deployment, deployer) =>
      Effect.gen(function* () {
        const { containers } = yield* DockerClient
        const spec: ContainerSpec = {
          name: Labels.containerName({ deploymentId: deployment.id, generation: 2 }),
          image: String(deployment.metadata.imageId),
          labels: { somebody: "else" }
        }
        const foreign = yield* Effect.acquireRelease(containers.create(spec), (id) =>
          Effect.orDie(containers.remove(id, { force: true }))
        )
        const error = yield* Effect.flip(deployer.provision(deployment.snapshot.id, { name: "mine", settings: open }))
        assert.strictEqual(error._tag, "ResourceNotOwned")
        assert.strictEqual((yield* containers.inspect(foreign)).state.status, "created")
        assert.strictEqual((yield* deployer.refresh("mine")).status, "running")
        const next = yield* deployer.provision(deployment.snapshot.id, { name: "mine", settings: open })
        assert.strictEqual(next.generation, 3)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("says that a fixed port is taken, and leaves nothing of the attempt", () =>
    Effect.gen(function* () {
      const { port } = yield* listening
      const deployer = yield* DockerDeployer
      const snapshot = yield* fromFile("healthy.ts", "healthy")
      const before = yield* census
      const error = yield* Effect.flip(deployer.provision(snapshot, { name: "fixed", settings: { ...open, port } }))
      assert.strictEqual(error._tag, "PortUnavailable")
      assert.include(error.message, String(port))
      assert.deepStrictEqual(yield* census, before)
      yield* deployer.delete("fixed")
    }).pipe(Effect.scoped)
  )

  it.effect("keeps a fixed port over a change, and brings the old one back when the change fails", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(Effect.map(listening, (server) => server.port))
      yield* withHealthy("pinned", { port }, (deployment, deployer) =>
        Effect.gen(function* () {
          assert.strictEqual(deployment.url, `http://127.0.0.1:${port}`)
          const another = yield* fromFile("healthy.ts", "another")
          const events = yield* deployer.subscribe
          const second = yield* deployer.provision(another, { name: "pinned", settings: { ...open, port } })
          assert.strictEqual(second.url, deployment.url)
          const healthy = Chunk.findFirst(yield* Queue.takeAll(events), ({ type }) => type === "healthy")
          const gap = Number(Option.getOrThrow(healthy).data["gapMillis"])
          assert.isAbove(gap, 0)
          yield* Console.log(`fixed port: the new container was healthy ${gap} ms after the stop of the old one began`)
          const crashing = yield* fromFile("failing.ts", "crashing")
          const error = yield* Effect.flip(
            deployer.provision(crashing, { name: "pinned", settings: { ...open, port } })
          )
          assert.strictEqual(error._tag, "DeploymentProvisionFailed")
          assert.include((yield* invoke(deployment.url, "hi")).body, "HI!")
        }).pipe(Effect.scoped)
      )
    })
  )

  it.effect("takes another port when the chosen one is gone", () =>
    withHealthy("moved", {}, (deployment, deployer) =>
      Effect.gen(function* () {
        yield* deployer.deprovision("moved")
        const port = Number(deployment.metadata.port)
        yield* Effect.acquireRelease(
          Effect.async<() => void>((resume) => {
            const server = createServer().listen({ host: "127.0.0.1", port }, () =>
              resume(Effect.succeed(() => server.close()))
            )
          }),
          (close) => Effect.sync(close)
        )
        const back = yield* deployer.reprovision("moved")
        assert.notStrictEqual(back.url, deployment.url)
        assert.strictEqual((yield* invoke(back.url, "hi")).status, 200)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("is back after its process was killed, at the same place", () =>
    withHealthy("tough", {}, (deployment, deployer) =>
      Effect.gen(function* () {
        const { engine } = yield* inspect(deployment)
        yield* Effect.sync(() => process.kill(engine.State.Pid, "SIGKILL"))
        const after = yield* eventually(
          Effect.filterOrFail(
            inspect(deployment),
            ({ container }) => container.restartCount > 0,
            () => "not yet"
          )
        )
        assert.strictEqual(after.container.id, deployment.metadata.containerId)
        yield* eventually(
          Effect.filterOrFail(
            invoke(deployment.url, "hi"),
            ({ status }) => status === 200,
            () => "not yet"
          )
        )
        const seen = yield* deployer.refresh("tough")
        assert.strictEqual(seen.status, "running")
        assert.strictEqual(seen.url, deployment.url)
        assert.strictEqual(seen.metadata.restarts, 1)
      })
    )
  )

  it.effect("distinguishes a paused, a stopped and a removed container", () =>
    withHealthy("watched", {}, (deployment, deployer) =>
      Effect.gen(function* () {
        const { containers } = yield* DockerClient
        const id = String(deployment.metadata.containerId)
        yield* containers.pause(id)
        const paused = yield* deployer.refresh("watched")
        assert.deepStrictEqual([paused.status, paused.reason?.includes("docker unpause")], ["pending", true])
        yield* containers.unpause(id)
        assert.strictEqual((yield* deployer.refresh("watched")).status, "running")
        yield* containers.stop(id)
        const stopped = yield* deployer.refresh("watched")
        assert.deepStrictEqual([stopped.status, stopped.metadata.exitCode], ["error", 143])
        yield* containers.remove(id, { force: true })
        assert.strictEqual((yield* deployer.refresh("watched")).status, "absent")
        assert.strictEqual((yield* deployer.reprovision("watched")).status, "running")
      })
    )
  )

  it.effect("G31: gives a folder of the host, but not through a link to where it must not be", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-volume-" })
      yield* fs.makeDirectory(`${folder}/models`)
      yield* fs.symlink("/etc", `${folder}/link`)
      const volume = (source: string) => ({ volumes: [{ _tag: "bind" as const, source, target: "/models" }] })
      yield* withHealthy("mounted", volume(`${folder}/models`), (deployment, deployer) =>
        Effect.gen(function* () {
          const { container } = yield* inspect(deployment)
          const mount = container.mounts.find(({ target }) => target === "/models")
          assert.deepInclude(mount, { source: `${folder}/models`, readOnly: true })
          const refused = yield* Effect.flip(
            deployer.provision(deployment.snapshot.id, {
              name: "mounted",
              settings: { ...open, ...volume(`${folder}/link`) }
            })
          )
          assert.strictEqual(refused._tag, "DeploymentProvisionFailed")
          assert.include(refused.message, "/etc")
          const invalid = yield* Effect.flip(
            deployer.provision(deployment.snapshot.id, {
              name: "mounted",
              settings: { ...open, ...volume((yield* Home.Home).root) }
            })
          )
          assert.strictEqual(invalid._tag, "DeploymentInvalidSettings")
          assert.include(invalid.message, "volumes.0.source")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.effect("says when memory ran out", () =>
    withHealthy("hungry", {}, (deployment, deployer) =>
      Effect.gen(function* () {
        const gluttonous = yield* fromFile("gluttonous.ts", "gluttonous")
        const error = yield* Effect.flip(
          deployer.provision(gluttonous, { name: "hungry", settings: { ...open, memoryBytes: 128 * 1_048_576 } })
        )
        assert.strictEqual(error._tag, "DeploymentProvisionFailed")
        assert.include(error.message, "it ran out of its 128 MiB of memory")
        assert.strictEqual((yield* invoke(deployment.url, "hi")).status, 200)
      })
    )
  )
})

const registryOf = (labels: Readonly<Record<string, string>>): string =>
  Option.match(Labels.decodeInstance(labels), { onNone: () => "", onSome: ({ registryId }) => registryId })
