/** Parts of the host in a container: a shell, tools, fonts, folders, GPUs. */
import { FileSystem, HttpBody, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Chunk, Effect, Queue, Schema } from "effect"
import type { Deployment } from "../../src/Deployment.js"
import { DockerDeployer } from "../../src/Docker/DockerDeployer.js"
import type { DockerSettingsInput } from "../../src/Docker/Settings.js"
import { fromFile, layerDocker } from "./DockerFixture.js"

const open = { auth: { _tag: "none" as const } }

const Answer = Schema.parseJson(Schema.Struct({ outputs: Schema.Unknown }))

const invoke = ({ url }: Deployment, parameters: object) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters }) })
  ).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(({ text }) => text),
    Effect.flatMap(Schema.decode(Answer)),
    Effect.map(({ outputs }) => outputs),
    Effect.scoped
  )

layer(layerDocker(), { excludeTestServices: true, timeout: "3 minutes" })("A container", (it) => {
  it.effect("is announced with warnings for the parts of the host that the code needs and the image lacks", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const shell = yield* fromFile("needs.ts", "shell")
      const environment = { TZ: "UTC", DATABASE_URL: "postgres://me@localhost:5432/db" }
      const warningsOf = (settings: DockerSettingsInput) =>
        Effect.map(deployer.plan(shell, { name: "warned", settings: { environment, ...settings } }), (plan) =>
          Object.fromEntries(plan.warnings.map(({ kind, message }) => [kind, message]))
        )
      const said = yield* warningsOf({})
      assert.match(said["shell"] ?? "", /needs\.ts:\d+ starts one: --shell/)
      assert.include(said["loopback"], "the environment variable DATABASE_URL names it")
      assert.isUndefined(said["fonts"])
      assert.isUndefined((yield* warningsOf({ shell: true }))["shell"])
      assert.isUndefined((yield* warningsOf({ base: "node:22-slim" }))["shell"])
      const healthy = yield* fromFile("healthy.ts", "healthy")
      assert.deepStrictEqual((yield* deployer.plan(healthy, { name: "warned" })).warnings, [])

      const events = yield* deployer.subscribe
      yield* deployer.provision(shell, { name: "warned", settings: open })
      const warned = Chunk.toReadonlyArray(yield* Queue.takeAll(events)).filter(({ type }) => type === "warning")
      assert.include(
        warned.map(({ data }) => data["kind"]),
        "shell"
      )
      yield* deployer.delete("warned")
    }).pipe(Effect.scoped)
  )

  it.effect("has the shell, the tools and the fonts of the host with the settings shell and fonts", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const shell = yield* fromFile("needs.ts", "shell")
      const made = yield* deployer.provision(shell, { name: "tools", settings: { ...open, shell: true, fonts: true } })
      const outputs = yield* Effect.flatMap(
        invoke(made, { text: "shell" }),
        Schema.decodeUnknown(Schema.Struct({ said: Schema.String, fonts: Schema.Number, configured: Schema.Boolean }))
      )
      assert.deepInclude(outputs, { said: "SHELL", configured: true })
      assert.isAbove(outputs.fonts, 0)
      yield* deployer.delete("tools")
    })
  )

  it.effect("is refused with a volume that its user cannot read, and the error has the remedy", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const deployer = yield* DockerDeployer
      const healthy = yield* fromFile("healthy.ts", "healthy")
      const source = yield* fs.makeTempDirectoryScoped({ directory: "/var/tmp", prefix: "effect-deployers-volume-" })
      yield* fs.chmod(source, 0o700)
      const volumes = [{ _tag: "bind" as const, source, target: "/models" }]
      const error = yield* Effect.flip(deployer.provision(healthy, { name: "barred", settings: { ...open, volumes } }))
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, `chmod -R o+rX ${source}`)
      assert.include(error.message, "setting volumes")
      yield* fs.chmod(source, 0o755)
      assert.strictEqual(
        (yield* deployer.provision(healthy, { name: "barred", settings: { ...open, volumes } })).status,
        "running"
      )
      yield* deployer.delete("barred")
    }).pipe(Effect.scoped)
  )

  it.effect("is refused with GPUs by an engine without their runtime, and the error has the remedy", () =>
    Effect.gen(function* () {
      const deployer = yield* DockerDeployer
      const healthy = yield* fromFile("healthy.ts", "healthy")
      const error = yield* Effect.flip(
        deployer.provision(healthy, { name: "fast", settings: { ...open, gpus: "all" } })
      )
      assert.strictEqual(error._tag, "DeploymentProvisionFailed")
      assert.include(error.message, "leave gpus out")
      yield* deployer.delete("fast")
    })
  )
})
