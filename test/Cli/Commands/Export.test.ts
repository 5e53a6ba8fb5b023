import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { cli, json, World } from "../support.js"

const image = `registry.test/team/weather@sha256:${"a".repeat(64)}`

const exported = (...options: ReadonlyArray<string>) =>
  cli(["export", "kubernetes", "weather", "--image", image, ...options])

const layer = Layer.merge(World, NodeContext.layer)

const deployed = Effect.gen(function* () {
  yield* cli(["secret", "set", "TOKEN"], { input: { text: "s3cret" } })
  yield* cli(["deploy", "weather.ts", "--name", "weather", "--secret", "TOKEN"])
})

describe("export kubernetes", () => {
  it.scoped("prints the manifests in their order, without values of secrets", () =>
    Effect.gen(function* () {
      yield* deployed
      const said = yield* exported("--namespace", "production")
      assert.strictEqual(said.exitCode, 0)
      assert.deepStrictEqual(
        Array.from(said.stdout.matchAll(/^kind: (.*)$/gm), ([, kind]) => kind),
        ["ConfigMap", "ConfigMap", "Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment"]
      )
      assert.lengthOf(said.stdout.match(/^ {2}namespace: production$/gm) ?? [], 6)
      assert.include(said.stdout, "#   secret.TOKEN: the value of the secret TOKEN")
      assert.notInclude(said.stdout, "s3cret")
      assert.notInclude(said.stdout, Buffer.from("s3cret").toString("base64"))
      const value = json(yield* exported("--json"))
      assert.deepInclude(value, { secret: { name: "weather-secrets", keys: ["keys.json", "secret.TOKEN"] } })
    }).pipe(Effect.provide(layer))
  )

  it.scoped("K27: writes a file an object, and removes those of objects that are gone", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = path.join(yield* fs.makeTempDirectoryScoped(), "manifests")
      yield* deployed
      const modeOf = (file: string) =>
        Effect.map(fs.stat(path.join(folder, file)), ({ mode }) => (mode & 0o777).toString(8))
      assert.strictEqual((yield* exported("--output", folder)).exitCode, 0)
      const before = yield* fs.readDirectory(folder)
      assert.include(before, "60-deployment-weather.yaml")
      assert.isFalse(before.some((file) => file.includes("secret")))
      const [first = ""] = before
      yield* fs.copyFile(path.join(folder, first), path.join(folder, "80-ingress-weather.yaml"))
      yield* fs.writeFileString(path.join(folder, "90-mine.yaml"), "# mine\n")

      const said = yield* exported("--output", folder, "--with-secrets")
      assert.include(said.stderr, "Keep it out of repositories.")
      assert.notInclude(said.stdout, "s3cret")
      const after = yield* fs.readDirectory(folder)
      assert.sameMembers(after, [...before, "20-secret-weather-secrets.yaml", "90-mine.yaml"])
      assert.strictEqual(yield* modeOf("20-secret-weather-secrets.yaml"), "600")
      assert.include(
        yield* fs.readFileString(path.join(folder, "20-secret-weather-secrets.yaml")),
        Buffer.from("s3cret").toString("base64")
      )
      assert.include((yield* exported("--output", folder)).stderr, "is not among the files")
      assert.include(yield* fs.readDirectory(folder), "20-secret-weather-secrets.yaml")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("refuses to print secrets, and a deployment without an image that a cluster can pull", () =>
    Effect.gen(function* () {
      yield* deployed
      const printed = yield* exported("--with-secrets")
      assert.strictEqual(printed.exitCode, 2)
      assert.include(printed.stderr, "--output FOLDER")
      const unknown = yield* cli(["export", "kubernetes", "weather"])
      assert.strictEqual(unknown.exitCode, 1)
      assert.include(unknown.stderr, "--image REPOSITORY@sha256:...")
    }).pipe(Effect.provide(layer))
  )
})
