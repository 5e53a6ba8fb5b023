import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { type Circumstances, crashLoopBound, stateOf } from "../../../src/Docker/Backend/Observe.js"
import type { Container, ContainerState } from "../../../src/Docker/DockerClient.js"

const published = { container: 8_000, protocol: "tcp", address: "127.0.0.1", host: 20_001 }

interface Variation extends Partial<Omit<Container, "state">> {
  readonly state?: Partial<ContainerState>
}

const container = ({ state, ...rest }: Variation = {}): Container => ({
  id: "c".repeat(64),
  name: "effect-deployers-weather-1",
  createdAt: DateTime.unsafeMake(0),
  image: "sha256:1",
  imageId: "sha256:1",
  labels: {},
  environment: {},
  user: "10001:10001",
  tty: false,
  state: {
    status: "running",
    exitCode: 0,
    error: undefined,
    oomKilled: false,
    pid: 1,
    startedAt: DateTime.unsafeMake(0),
    finishedAt: undefined,
    health: undefined,
    ...state
  },
  restartCount: 0,
  restartPolicy: { name: "always", maximumRetryCount: 0 },
  ports: [published],
  requestedPorts: [published],
  mounts: [],
  networks: [],
  raw: { HostConfig: { Memory: 536_870_912 } },
  ...rest
})

const here: Circumstances = {
  generation: 1,
  engineId: "engine",
  host: { url: "unix:///var/run/docker.sock", remote: false, hostname: "127.0.0.1", private: true },
  starting: false
}

const observed = (variation: Variation = {}, circumstances: Partial<Circumstances> = {}) =>
  stateOf(container(variation), { ...here, ...circumstances })

const ended = (exitCode: number, more: Partial<ContainerState> = {}): Variation => ({
  ports: [],
  state: { status: "exited", exitCode, finishedAt: DateTime.unsafeMake(1), ...more }
})

describe("stateOf", () => {
  it("is running where it can be called", () => {
    const state = observed()
    assert.strictEqual(state.status, "running")
    assert.strictEqual(state.url, "http://127.0.0.1:20001")
    assert.deepInclude(state.metadata, {
      containerId: "c".repeat(64),
      containerName: "effect-deployers-weather-1",
      image: "sha256:1",
      imageId: "sha256:1",
      port: 20_001,
      engineId: "engine",
      generation: 1
    })
    assert.notProperty(state.metadata, "exitCode")
  })

  it("is called at the engine's host when that is another machine", () => {
    const host = { url: "tcp://10.0.0.7:2376", remote: true, hostname: "10.0.0.7", private: true }
    const ports = [{ ...published, address: "0.0.0.0" }]
    assert.strictEqual(observed({ ports }, { host }).url, "http://10.0.0.7:20001")
    assert.strictEqual(observed({ ports }).url, "http://127.0.0.1:20001")
    assert.strictEqual(observed({ ports: [{ ...published, address: "::1" }] }).url, "http://[::1]:20001")
  })

  it("is pending without a published port", () => {
    const state = observed({ ports: [], requestedPorts: [] })
    assert.strictEqual(state.status, "pending")
    assert.notProperty(state.metadata, "port")
  })

  it("keeps the port of a container that ended", () => {
    assert.strictEqual(observed(ended(1)).metadata["port"], 20_001)
  })

  it.each([
    [0, "exit code 0"],
    [69, "port"],
    [70, "failed to start"],
    [78, "manifest"],
    [134, "heap"],
    [137, "killed"],
    [143, "to stop"]
  ])("exit code %i is an error that says what it means", (exitCode, meaning) => {
    const state = observed(ended(exitCode))
    assert.strictEqual(state.status, "error")
    assert.include(state.reason ?? "", meaning)
    assert.strictEqual(state.metadata["exitCode"], exitCode)
  })

  it("says how much memory was not enough", () => {
    const state = observed(ended(137, { oomKilled: true }))
    assert.include(state.reason ?? "", "it ran out of its 512 MiB of memory")
    assert.strictEqual(state.metadata["outOfMemory"], true)
  })

  it("is pending while the engine starts it again, and an error when that goes on", () => {
    const restarting = (restartCount: number) =>
      observed({ restartCount, ports: [], state: { status: "restarting", exitCode: 1 } })
    assert.strictEqual(restarting(crashLoopBound - 1).status, "pending")
    const loop = restarting(crashLoopBound)
    assert.strictEqual(loop.status, "error")
    assert.include(loop.reason ?? "", "it keeps exiting")
    assert.include(loop.reason ?? "", "exit code 1")
  })

  it("takes any end for a failed start until it answered once", () => {
    const starting = { starting: true }
    assert.strictEqual(observed({}, starting).status, "running")
    const again = observed({ restartCount: 1 }, starting)
    assert.strictEqual(again.status, "error")
    assert.include(again.reason ?? "", "it exited once before it answered")
    const restarting = observed({ state: { status: "restarting", exitCode: 70 } }, starting)
    assert.include(restarting.reason ?? "", "exit code 70")
    const firstExit = { exitCode: 137, outOfMemory: true }
    assert.include(observed({ restartCount: 1 }, { ...starting, firstExit }).reason ?? "", "512 MiB")
    assert.strictEqual(observed({ restartCount: 1 }).status, "running")
  })

  it.each([
    ["created", "pending", "not started yet"],
    ["paused", "pending", "docker unpause effect-deployers-weather-1"],
    ["removing", "error", "being removed"],
    ["dead", "error", "remove it by hand"],
    ["unknown", "unknown", "unknown status"]
  ] as const)("a container that is %s is %s", (status, expected, reason) => {
    const state = observed({ state: { status } })
    assert.strictEqual(state.status, expected)
    assert.include(state.reason ?? "", reason)
    assert.isUndefined(state.url)
  })

  it("is an error when it could not be started", () => {
    const state = observed({ state: { status: "created", error: "no such file or directory" } })
    assert.strictEqual(state.status, "error")
    assert.include(state.reason ?? "", "no such file or directory")
  })
})
