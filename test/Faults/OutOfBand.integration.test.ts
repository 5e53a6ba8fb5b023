import { FileSystem, HttpBody, HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Redacted, Schedule, Schema, Stream } from "effect"
import { Deployer, type Deployment, Reconciler } from "effect-deployers"
import { DockerClient } from "../../src/Docker/DockerClient.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import type { DockerSettingsInput } from "../../src/Docker/Settings.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { census, fromFile, layerDocker } from "../Docker/DockerFixture.js"

const secretLength = ({ url }: Deployment.Deployment) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const body = HttpBody.unsafeJson({ parameters: { text: "a" } })
    const response = yield* client.post(`${url}/invoke`, { body })
    return (yield* response.json) as { readonly outputs: { readonly secretLength: number } }
  }).pipe(
    Effect.scoped,
    Effect.map(({ outputs }) => outputs.secretLength)
  )

const open = { auth: { _tag: "none" }, secrets: ["TOKEN"] } satisfies DockerSettingsInput

const withVictim = <A, E, R>(
  name: string,
  use: (
    made: Deployment.Deployment,
    container: string,
    deployer: typeof DockerDeployer.Service
  ) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const deployer = yield* DockerDeployer
    yield* Effect.flatMap(SecretStore, (secrets) => secrets.set("TOKEN", Redacted.make("12345")))
    yield* deployer.provision(yield* fromFile("healthy.ts", "healthy"), { name, settings: open }).pipe(
      Effect.flatMap((made) => use(made, String(made.metadata.containerId), deployer)),
      Effect.ensuring(Effect.orDie(deployer.delete(name)))
    )
    assert.deepStrictEqual(yield* census, { containers: [], networks: [], volumes: [] })
  })

const actions = (deployer: typeof DockerDeployer.Service) =>
  Effect.map(deployer.reconcile, (report) => report.actions.map(({ action, outcome }) => `${action} ${outcome}`))

layer(layerDocker(), { excludeTestServices: true, timeout: "3 minutes" })(
  "A change of a container from outside",
  (it) => {
    it.effect("removing it: it is made again in its place", () =>
      withVictim("removed", (made, container, deployer) =>
        Effect.gen(function* () {
          const { containers } = yield* DockerClient
          yield* containers.remove(container, { force: true })
          assert.include(yield* actions(deployer), "restore done")
          const back = yield* deployer.get("removed")
          assert.deepInclude({ ...back }, { status: "running", url: made.url, generation: 1 })
          assert.strictEqual(yield* secretLength(back), 5)
          assert.deepStrictEqual(yield* actions(deployer), [])
        })
      )
    )

    it.effect("stopping it, with its secrets gone as after a reboot of the host: both are put back", () =>
      withVictim("rebooted", (_, container, deployer) =>
        Effect.gen(function* () {
          const { containers } = yield* DockerClient
          const fs = yield* FileSystem.FileSystem
          const { mounts } = yield* secretsOf(container)
          yield* containers.stop(container, { grace: "1 second" })
          assert.lengthOf(mounts, 1)
          for (const folder of mounts) {
            yield* fs.chmod(folder, 0o700)
            yield* fs.remove(folder, { recursive: true })
          }
          assert.include(yield* actions(deployer), "restore done")
          assert.strictEqual(yield* secretLength(yield* deployer.get("rebooted")), 5)
        })
      )
    )

    it.effect("pausing it: it is not healthy, and stays paused until it is resumed", () =>
      withVictim("paused", (_, container, deployer) =>
        Effect.gen(function* () {
          const { containers } = yield* DockerClient
          yield* containers.pause(container)
          assert.deepStrictEqual(yield* actions(deployer), ["observe done"])
          assert.deepInclude({ ...(yield* deployer.get("paused")) }, { status: "pending" })
          assert.deepStrictEqual(yield* actions(deployer), [])
          yield* containers.unpause(container)
          assert.deepStrictEqual(yield* actions(deployer), ["observe done"])
          assert.strictEqual((yield* deployer.get("paused")).status, "running")
        })
      )
    )

    it.effect("removing it under supervision: the engine's event restores it before the next full pass", () =>
      withVictim("supervised", (made, container, deployer) =>
        Effect.gen(function* () {
          const { containers } = yield* DockerClient
          const supervising = yield* Reconciler.passes({ every: "10 minutes" }).pipe(
            Stream.runDrain,
            Effect.provideService(Deployer.Deployer, deployer),
            Effect.fork
          )
          yield* Effect.repeat(deployer.get("supervised"), { schedule: Schedule.spaced("100 millis"), times: 10 })
          yield* containers.remove(container, { force: true })
          const back = yield* Effect.retry(
            Effect.filterOrFail(
              deployer.get("supervised"),
              ({ metadata, status }) => status === "running" && metadata.containerId !== container,
              () => "not yet"
            ),
            Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(200))
          )
          assert.strictEqual(back.url, made.url)
          yield* Fiber.interrupt(supervising)
        })
      )
    )
  }
)

/** The folder of a container's secrets on the host. */
const secretsOf = (container: string) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const { raw } = yield* containers.inspect(container)
    const { Mounts } = yield* decodeMounts(raw)
    return { mounts: Mounts.filter(({ Destination }) => Destination === "/run/secrets").map(({ Source }) => Source) }
  })

const decodeMounts = Schema.decodeUnknown(
  Schema.Struct({ Mounts: Schema.Array(Schema.Struct({ Source: Schema.String, Destination: Schema.String })) })
)
