import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Either, Layer, Option } from "effect"
import * as Checks from "../../../src/Cli/Checks.js"
import { waitingPorts } from "../../../src/Cli/Doctor/DeploymentChecks.js"
import * as Facts from "../../../src/Cli/Doctor/Facts.js"
import { checkCodes } from "../../../src/Cli/ErrorGuide/CheckCodes.js"
import { Doctor } from "../../../src/Cli/index.js"
import { Deployment } from "../../../src/Deployment.js"

const now = DateTime.unsafeMake("2026-11-29T08:00:00Z")

const deployed = (fields: Partial<typeof Deployment.Type> = {}) =>
  new Deployment({
    id: "01939b3e-0000-7000-8000-000000000001" as never,
    name: "weather" as never,
    status: "running",
    generation: 1,
    deployer: { flavor: "local", name: "local" },
    snapshot: { id: "s", pipelineName: "weather", version: 1 },
    metadata: {},
    authEnabled: true,
    desired: "running",
    createdAt: now,
    updatedAt: now,
    ...fields
  })

const one = (facts: Partial<Facts.DeploymentFacts> = {}): Facts.DeploymentFacts => ({
  deployment: deployed(),
  lives: Option.some(true),
  interrupted: Option.none(),
  fixedPort: Option.none(),
  lacksBundle: false,
  ...facts
})

const registryOf = (...deployments: ReadonlyArray<Facts.DeploymentFacts>): Facts.RegistryFacts => ({
  path: "/home/ada/.effect-deployers/registry.db",
  isWritable: true,
  content: Either.right(Option.some({ deployments, newest: Option.some(now) }))
})

const manager = {
  manager: "systemd",
  name: "effect-deployers",
  file: "/etc/systemd/system/effect-deployers.service",
  installed: true,
  active: true,
  current: true,
  supervisor: { pid: 7, identity: "a", version: "0.1.0", resident: true }
} as const

const engine: Facts.EngineFacts = {
  host: { url: "unix:///var/run/docker.sock", remote: false, hostname: "127.0.0.1", private: true },
  version: { version: "27.3.1", apiVersion: "1.47", minApiVersion: "1.24", os: "linux", architecture: "amd64" },
  info: {
    id: "1",
    name: "laptop",
    version: "27.3.1",
    os: "Debian",
    architecture: "x86_64",
    cpus: 2,
    memoryBytes: 1,
    storageDriver: "overlay2",
    cgroupVersion: "2",
    securityOptions: [],
    rootless: false,
    time: undefined,
    swarm: undefined
  },
  hostname: "laptop"
}

const gibibyte = 1_073_741_824
const disk = { path: "/home/ada", type: Option.some("ext4"), freeBytes: 50 * gibibyte }

/** A machine without problems. */
const healthy: Facts.Facts["Type"] = {
  node: Effect.succeed("22.11.0"),
  project: Effect.succeedSome({
    folder: "/app",
    copies: [{ folder: "/app/node_modules/effect", version: "3.22.2" }],
    compiler: Option.some("/app/node_modules/.bin/tsc")
  }),
  bundler: Effect.succeedSome("0.25.0"),
  home: Effect.succeed({ path: "/home/ada/.effect-deployers", mode: Either.right(Option.some(0o700)) }),
  key: Effect.succeed({ path: "/home/ada/.effect-deployers/key", mode: Either.right(Option.some(0o600)) }),
  disk: Effect.succeed(Either.right(disk)),
  devices: Effect.succeed(Either.right({ home: 1, project: 1 })),
  registry: Effect.succeed(registryOf(one())),
  now: Effect.succeed(now),
  loopback: Effect.succeedNone,
  ports: Effect.succeedSome({ first: 32_768, last: 60_999 }),
  takenPorts: Effect.succeed([]),
  proxy: Effect.succeed({ names: [], excepted: "" }),
  processes: Effect.succeed({ reader: "/proc", self: Either.right(true) }),
  supervisor: Effect.succeed(Either.right(manager)),
  engine: Effect.succeed(Either.right(engine))
}

/** The findings on a machine that differs from the healthy one, without those that are `ok`. */
const findings = (facts: Partial<Facts.Facts["Type"]> = {}) =>
  Effect.gen(function* () {
    const { checks } = yield* Doctor.Doctor
    const all = yield* Effect.forEach(checks, ({ name, run }) => Effect.map(run, (found) => ({ name, ...found })))
    return all.filter(({ status }) => status !== "ok")
  }).pipe(Effect.provide(Layer.provide(Checks.layerFacts, Layer.succeed(Facts.Facts, { ...healthy, ...facts }))))

/** One finding: its check, its status, and parts of its sentences. */
const expectOne = (
  facts: Partial<Facts.Facts["Type"]>,
  name: string,
  status: "warning" | "fault",
  ...parts: ReadonlyArray<string>
) =>
  Effect.map(findings(facts), (found) => {
    assert.deepStrictEqual(
      found.map((each) => [each.name, each.status]),
      [[name, status]]
    )
    const text = `${found[0]?.detail} ${found[0]?.remedy}`
    for (const part of parts) assert.include(text, part)
    assert.isNotEmpty(found[0]?.remedy)
  })

describe("the checks of doctor", () => {
  it.effect("find nothing on a healthy machine", () =>
    Effect.map(findings(), (found) => assert.deepStrictEqual(found, []))
  )

  it.effect("find nothing before the first deployment, outside of a project", () =>
    Effect.map(
      findings({
        project: Effect.succeedNone,
        home: Effect.succeed({ path: "/home/ada/.effect-deployers", mode: Either.right(Option.none()) }),
        key: Effect.succeed({ path: "/home/ada/.effect-deployers/key", mode: Either.right(Option.none()) }),
        registry: Effect.succeed({ path: "/r", isWritable: true, content: Either.right(Option.none()) }),
        supervisor: Effect.succeed(Either.right({ ...manager, installed: false, supervisor: undefined })),
        ports: Effect.succeedNone
      }),
      (found) => assert.deepStrictEqual(found, [])
    )
  )

  it.effect("judge Node, the bundler and the project", () =>
    Effect.gen(function* () {
      yield* expectOne({ node: Effect.succeed("20.18.3") }, "node", "fault", "20.18.3", "20.19")
      yield* expectOne({ bundler: Effect.succeedNone }, "bundler", "fault", "npm rebuild esbuild")
      const project = { folder: "/app", compiler: Option.none<string>(), copies: [] }
      const copies = [
        { folder: "/app/node_modules/effect", version: "3.22.2" },
        { folder: "/app/node_modules/x/node_modules/effect", version: "3.17.10" }
      ]
      const compiler = Option.some("/app/tsc")
      yield* expectOne(
        { project: Effect.succeedSome({ ...project, compiler, copies }) },
        "effect",
        "warning",
        "2 copies",
        "3.17.10 in /app/node_modules/x/node_modules/effect",
        "npm dedupe"
      )
      yield* expectOne({ project: Effect.succeedSome({ ...project, compiler }) }, "effect", "warning", "npm install")
      const forgetful = [{ folder: "/app/node_modules/effect", version: "3.22.4" }]
      yield* expectOne(
        { project: Effect.succeedSome({ ...project, compiler, copies: forgetful }) },
        "effect",
        "warning",
        "3.22.4",
        "effect@3.22.2"
      )
      yield* expectOne(
        { project: Effect.succeedSome({ ...project, copies: copies.slice(0, 1) }) },
        "typescript",
        "warning",
        "--save-dev typescript"
      )
    })
  )

  it.effect("judge the home and its disk", () =>
    Effect.gen(function* () {
      const open = (path: string, mode: number) => Effect.succeed({ path, mode: Either.right(Option.some(mode)) })
      yield* expectOne({ home: open("/h", 0o750) }, "home folder", "fault", "mode 750", "chmod 700 '/h'")
      yield* expectOne({ key: open("/h/key", 0o640) }, "key file", "fault", "chmod 600 '/h/key'")
      const unreadable = Effect.succeed({ path: "/h", mode: Either.left("EACCES") })
      yield* expectOne({ home: unreadable }, "home folder", "fault", "/h cannot be read: EACCES")
      for (const type of ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "9p", "fuse.sshfs", "ceph", "webdav"]) {
        const facts = { disk: Effect.succeed(Either.right({ ...disk, type: Option.some(type) })) }
        yield* expectOne(facts, "file system", "warning", `(${type})`, "DEPLOYERS_HOME")
      }
      for (const type of ["apfs", "btrfs", "overlay", "tmpfs", "xfs", "zfs", "virtiofs", "fuse.mergerfs"]) {
        const facts = { disk: Effect.succeed(Either.right({ ...disk, type: Option.some(type) })) }
        assert.deepStrictEqual(yield* findings(facts), [])
      }
      const withFree = (freeBytes: number) => ({ disk: Effect.succeed(Either.right({ ...disk, freeBytes })) })
      yield* expectOne(withFree(gibibyte / 2), "disk space", "warning", "Only 512 MiB")
      yield* expectOne(withFree(5), "disk space", "fault", "Only 0 MiB", "snapshot list")
      yield* expectOne(
        { devices: Effect.succeed(Either.right({ home: 1, project: 2 })) },
        "hard links",
        "warning",
        "different file systems"
      )
      const broken = { path: "/r", isWritable: true, content: Either.left("/r is no database.") }
      yield* expectOne({ registry: Effect.succeed(broken) }, "registry", "fault", "/r is no database.")
      const server = { place: "10.0.0.7:5432/registry", version: "15.8", isWritable: true, isPrivate: false }
      const onServer = (server: Facts.ServerFacts) => ({ registry: Effect.succeed({ ...registryOf(), server }) })
      yield* expectOne(onServer(server), "registry", "warning", server.place, "sslmode=verify-full")
      yield* expectOne(onServer({ ...server, isWritable: false }), "registry", "fault", "standby", "primary")
      const readOnly = { ...registryOf(), isWritable: false }
      yield* expectOne(
        { registry: Effect.succeed(readOnly) },
        "registry",
        "fault",
        "can be read and not written",
        "disk writable"
      )
    })
  )

  it.effect("judge the machine", () =>
    Effect.gen(function* () {
      yield* expectOne({ loopback: Effect.succeedSome("EPERM") }, "network", "fault", "(EPERM)")
      yield* expectOne(
        { ports: Effect.succeedSome({ first: 60_000, last: 60_099 }) },
        "ports",
        "warning",
        "only 100 ports"
      )
      const fixed = registryOf(one({ fixedPort: Option.some(40_000) }), one({ fixedPort: Option.some(8_080) }))
      yield* expectOne({ registry: Effect.succeed(fixed) }, "ports", "warning", "40000 (weather)", "below 32768")
      yield* expectOne(
        { processes: Effect.succeed({ reader: "/proc", self: Either.left("ENOENT") }) },
        "process table",
        "fault",
        "ENOENT",
        "Mount /proc"
      )
      yield* expectOne(
        { processes: Effect.succeed({ reader: "ps", self: Either.right(false) }) },
        "process table",
        "fault",
        "procps"
      )
      const at = (text: string) => ({ now: Effect.succeed(DateTime.unsafeMake(text)) })
      yield* expectOne(at("2026-11-29T05:00:00Z"), "clock", "fault", "3 hours before", "synchronize")
      yield* expectOne(at("2025-11-29T08:00:00Z"), "clock", "fault", "365 days before")
      assert.deepStrictEqual(yield* findings(at("2026-11-29T07:59:30Z")), [])
      assert.deepStrictEqual(yield* findings(at("2027-11-29T08:00:00Z")), [])
    })
  )

  it.effect("judge deployments", () =>
    Effect.gen(function* () {
      const stale = (facts: Partial<Facts.DeploymentFacts>, ...parts: ReadonlyArray<string>) =>
        expectOne({ registry: Effect.succeed(registryOf(one(facts))) }, "deployments", "warning", ...parts)
      yield* stale({ lives: Option.some(false) }, "weather: its process is gone", "deployers reconcile")
      yield* stale({ interrupted: Option.some("provision") }, "weather: an operation (provision) was interrupted")
      yield* stale({ deployment: deployed({ status: "error", reason: "it exits with 1" }) }, "weather: it exits with 1")
      const unknown = deployed({ status: "unknown", unknownSince: now })
      yield* stale({ deployment: unknown, lives: Option.none() }, "cannot be observed since 2026-11-29")
      const stopped = one({ deployment: deployed({ status: "absent", desired: "stopped" }), lives: Option.some(false) })
      assert.deepStrictEqual(yield* findings({ registry: Effect.succeed(registryOf(stopped)) }), [])
    })
  )

  it.effect("find a deployment without a bundle, and one whose port another program has", () =>
    Effect.gen(function* () {
      const lacking = { registry: Effect.succeed(registryOf(one({ lacksBundle: true }))) }
      yield* expectOne(lacking, "bundles", "warning", "snapshot of weather", "deployers deploy FILE --name NAME")
      const stopped = deployed({ status: "absent", desired: "stopped" })
      const waiting = registryOf(one({ deployment: stopped, fixedPort: Option.some(8_080) }))
      assert.deepStrictEqual(waitingPorts(waiting), [8_080])
      assert.deepStrictEqual(waitingPorts(registryOf(one({ fixedPort: Option.some(8_080) }))), [])
      yield* expectOne(
        { registry: Effect.succeed(waiting), takenPorts: Effect.succeed([8_080]) },
        "fixed ports",
        "warning",
        "8080 (weather)",
        "--port"
      )
    })
  )

  it.effect("find a proxy that gets the requests for this machine", () =>
    Effect.gen(function* () {
      const names = ["HTTP_PROXY"]
      yield* expectOne(
        { proxy: Effect.succeed({ names, excepted: "example.com" }) },
        "proxy",
        "warning",
        "HTTP_PROXY is set",
        "NO_PROXY"
      )
      for (const excepted of ["*", "localhost,127.0.0.1", "a 127.0.0.0/8"]) {
        assert.deepStrictEqual(yield* findings({ proxy: Effect.succeed({ names, excepted }) }), [])
      }
    })
  )

  it.effect("have a code each, with a cause and a remedy", () =>
    Effect.gen(function* () {
      const { checks } = yield* Doctor.Doctor
      assert.deepStrictEqual(checks.map(({ name }) => name).sort(), Object.keys(checkCodes).sort())
    }).pipe(Effect.provide(Layer.provide(Checks.layerFacts, Layer.succeed(Facts.Facts, healthy))))
  )

  it.effect("judge the supervisor", () =>
    Effect.gen(function* () {
      const supervised = (status: object, ...parts: ReadonlyArray<string>) =>
        expectOne(
          { supervisor: Effect.succeed(Either.right({ ...manager, ...status })) },
          "supervisor",
          "warning",
          ...parts
        )
      yield* supervised({ installed: false }, "process 7", "a restart of the machine", "lets systemd start it")
      yield* supervised({ installed: false, manager: "none" }, "process 7", "crontab")
      yield* supervised({ installed: false, supervisor: undefined }, "No supervisor runs", "`deployers list`")
      yield* supervised({ active: false }, "does not run", "supervise --install")
      yield* supervised({ current: false }, "Repeat `deployers supervise --install`")
      yield* supervised({ lingering: false }, "enable-linger")
      const unknown = { supervisor: Effect.succeed(Either.left("no bus")) }
      yield* expectOne(unknown, "supervisor", "warning", "no bus", "supervise --status")
    })
  )

  it.effect("judge the engine, whose absence is no fault", () =>
    Effect.gen(function* () {
      const answered = (facts: Partial<Facts.EngineFacts>) => ({
        engine: Effect.succeed(Either.right({ ...engine, ...facts }))
      })
      const none = { engine: Effect.succeed(Either.left("no socket")) }
      yield* expectOne(none, "engine", "warning", "no socket", "DOCKER_HOST")
      const open = { ...engine.host, remote: true, url: "tcp://10.0.0.7:2375", private: false }
      yield* expectOne(answered({ host: open }), "engine", "warning", "without TLS", "DOCKER_TLS_VERIFY")
      yield* expectOne(
        answered({ info: { ...engine.info, name: "docker-desktop" } }),
        "engine files",
        "warning",
        "runs on docker-desktop",
        "/home/ada/.effect-deployers"
      )
      assert.deepStrictEqual(yield* findings(answered({ host: { ...open, private: true }, hostname: "x" })), [])
    })
  )
})
