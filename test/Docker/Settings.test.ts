import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ImageReference } from "../../src/Containerized/ImageReference.js"
import { imageSettingsOf, memoryBytesOf } from "../../src/Docker/Backend/SettingForms.js"
import { DockerSettings } from "../../src/Docker/Settings.js"

const decode = Schema.decodeUnknown(DockerSettings, { errors: "all", onExcessProperty: "error" })

const refusal = (settings: object) => Effect.map(Effect.flip(decode(settings)), ({ message }) => message)

const bind = (source: string, target = "/models") => ({ volumes: [{ _tag: "bind", source, target }] })

describe("DockerSettings", () => {
  it.effect("is complete and careful when nothing is said", () =>
    Effect.gen(function* () {
      const settings = yield* decode({})
      assert.deepInclude(settings, {
        address: "127.0.0.1",
        portRange: { from: 20_000, to: 31_999 },
        memory: "512m",
        extraHosts: [],
        pidsLimit: 256,
        restart: "always",
        volumes: [],
        healthcheck: true
      })
      assert.deepStrictEqual(settings.run, { labels: {}, extraHosts: [], dns: [], groups: [], openFiles: 4_096 })
      assert.deepStrictEqual(yield* decode(yield* Schema.encode(DockerSettings)(settings)), settings)
    })
  )

  it.effect.each([
    "/",
    "/etc",
    "/etc/ssl",
    "/proc",
    "/sys/fs",
    "/dev/shm",
    "/var/run",
    "/run/docker.sock",
    "/var",
    "/var/lib/docker",
    "/srv/docker.sock",
    "/usr/bin"
  ])("G31: refuses to give %s of the host away", (source) =>
    Effect.gen(function* () {
      const message = yield* refusal(bind(source))
      assert.include(message, '["source"]')
      assert.include(message, "must not")
    })
  )

  it.effect.each(["/srv/../etc", "models", "/srv/models/", "/srv//models", "/srv/a:b", ""])(
    "refuses %j as a path of the host",
    (source) => Effect.map(refusal(bind(source)), (message) => assert.include(message, "must be an absolute path"))
  )

  it.effect.each(["/", "/app", "/app/main.mjs", "/data", "/run", "/run/secrets/x", "/tmp", "/etc/passwd", "/usr/lib"])(
    "refuses to cover %s of the container",
    (target) => Effect.map(refusal(bind("/srv/models", target)), (message) => assert.include(message, '["target"]'))
  )

  it.effect("takes folders and volumes that do no harm, read-only unless said otherwise", () =>
    Effect.gen(function* () {
      const { volumes } = yield* decode({
        volumes: [
          { _tag: "bind", source: "/srv/models", target: "/models" },
          { _tag: "volume", name: "cache", target: "/cache" }
        ]
      })
      assert.deepStrictEqual(
        volumes.map(({ readOnly }) => readOnly),
        [true, false]
      )
      const twice = { volumes: [...bind("/srv/a").volumes, ...bind("/srv/b").volumes] }
      assert.include(yield* refusal(twice), "two volumes have the target /models")
    })
  )

  it.effect.each<readonly [object, number]>([
    [{}, 536_870_912],
    [{ memory: "1g" }, 1_073_741_824],
    [{ memory: "1.5GiB" }, 1_610_612_736],
    [{ memory: 100_000_000 }, 100_000_000],
    [{ memoryBytes: 134_217_728 }, 134_217_728]
  ])("limits the memory of %j to %d bytes", ([settings, bytes]) =>
    Effect.map(decode(settings), (settings) => assert.strictEqual(memoryBytesOf(settings), bytes))
  )

  it.effect("makes the image of the short forms", () =>
    Effect.gen(function* () {
      const image = { assets: ["models"] }
      const short = yield* decode({ base: "debian:12", fonts: true, shell: true, image })
      assert.deepStrictEqual(imageSettingsOf(short), {
        assets: ["models"],
        base: { _tag: "image", reference: ImageReference.make("debian:12"), node: "node" },
        fonts: true,
        shell: true
      })
      assert.deepStrictEqual(imageSettingsOf(yield* decode({ base: "host" })).base, { _tag: "host" })
    })
  )

  it.effect.each<readonly [object, string]>([
    [{ replicas: 2 }, "replicas"],
    [{ privileged: true }, "privileged"],
    [{ port: 0 }, "port"],
    [{ portRange: { from: 2, to: 1 } }, "from must not be greater"],
    [{ address: "localhost" }, "must be an address"],
    [{ address: "1.2.3" }, "must be an address"],
    [{ memoryBytes: 1_024 }, "memoryBytes"],
    [{ memory: "32m" }, "must be at least 64m: Node needs that"],
    [{ memory: "lots" }, 'must be a size such as "512m"'],
    [{ gpus: 0 }, 'must be "all" or a whole number of GPUs'],
    [{ base: "node 22" }, "must be an image reference"],
    [{ extraHosts: ["db"] }, "must be a name and an address"],
    [{ cpus: 0 }, "cpus"],
    [{ pidsLimit: 1 }, "pidsLimit"],
    [{ network: "host" }, "network"],
    [{ network: "container:other" }, "network"],
    [{ restartPolicy: "sometimes" }, "restartPolicy"],
    [{ run: { labels: { "effect-deployers.registry": "mine" } } }, "reserved"],
    [{ run: { extraHosts: ["a b:1.2.3.4"] } }, "must be a name and an address"],
    [{ run: { groups: [0] } }, "groups"],
    [{ volumes: [{ _tag: "volume", name: "../x", target: "/x" }] }, "must be the name of a volume"]
  ])("refuses %j, naming the field", ([settings, named]) =>
    Effect.map(refusal(settings), (message) => assert.include(message, named))
  )
})
