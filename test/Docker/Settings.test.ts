import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
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
        memoryBytes: 536_870_912,
        pidsLimit: 256,
        restartPolicy: "always",
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
  ])("refuses to give %s of the host away", (source) =>
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

  it.effect.each<readonly [object, string]>([
    [{ replicas: 2 }, "replicas"],
    [{ privileged: true }, "privileged"],
    [{ port: 0 }, "port"],
    [{ portRange: { from: 2, to: 1 } }, "from must not be greater"],
    [{ address: "localhost" }, "must be an address"],
    [{ address: "1.2.3" }, "must be an address"],
    [{ memoryBytes: 1_024 }, "memoryBytes"],
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
