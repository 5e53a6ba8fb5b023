import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import type { Service, Task } from "../../../src/Docker/DockerClient.js"
import * as Labels from "../../../src/Docker/Labels.js"
import { acceptedKey } from "../../../src/Swarm/Backend/Names.js"
import { stateOf } from "../../../src/Swarm/Backend/Observe.js"

const now = 1_700_000_000_000

const service = (generation: number, more: Partial<Service> = {}): Service => ({
  id: "service",
  name: "effect-deployers-x",
  version: 1,
  createdAt: undefined,
  labels: { [Labels.keys.generation]: String(generation) },
  image: "sha256:0",
  replicas: 1,
  constraints: [],
  ports: [],
  secrets: [],
  configs: [],
  previousLabels: undefined,
  update: undefined,
  raw: {},
  ...more
})

const task = (generation: number, state: Task["state"], more: Partial<Task> = {}): Task => ({
  id: `${generation}-${state}`,
  serviceId: "service",
  slot: 1,
  nodeId: "node",
  labels: { [Labels.keys.generation]: String(generation) },
  state,
  desired: state === "running" ? "running" : "shutdown",
  message: "",
  error: undefined,
  at: undefined,
  createdAt: DateTime.unsafeMake(now - 60_000),
  containerId: "container",
  exitCode: undefined,
  ...more
})

const seen = (of: Service, tasks: ReadonlyArray<Task>, { generation = 2, starting = false } = {}) => {
  const metadata = {
    serviceId: of.id,
    serviceName: of.name,
    image: of.image,
    engineId: "swarm",
    generation,
    replicas: 1
  }
  const { reason, status } = stateOf({ service: of, tasks, generation, now, starting, metadata })
  return [status, reason ?? ""] as const
}

describe("the state of a generation", () => {
  it("is running when the update is complete and every old task has lost its place", () => {
    const both = [task(2, "running"), task(1, "running")]
    assert.strictEqual(seen(service(2), both, { starting: true })[0], "pending")
    const updating = service(2, { update: { state: "updating", message: "" } })
    assert.strictEqual(seen(updating, [task(2, "running")], { starting: true })[0], "pending")
    const old = task(1, "running", { desired: "shutdown" })
    assert.strictEqual(seen(service(2), [task(2, "running"), old], { starting: true })[0], "running")
  })

  it("is an error with the first end of a task that is starting, and with its exit code", () => {
    const [status, reason] = seen(service(2), [task(2, "failed", { exitCode: 70 })], { starting: true })
    assert.strictEqual(status, "error")
    assert.include(reason, "exit code 70")
    const restarted = [task(2, "starting"), task(2, "failed", { exitCode: 1 })]
    assert.strictEqual(seen(service(2), restarted)[0], "pending")
    const again = [1, 2, 3].map(() => task(2, "failed", { exitCode: 1 }))
    assert.strictEqual(seen(service(2), again)[0], "error")
  })

  it("is an error when the swarm went back, or no node fits for long", () => {
    const back = service(1, { update: { state: "rollback_completed", message: "" } })
    const [status, reason] = seen(back, [task(2, "failed", { exitCode: 3 }), task(1, "running")])
    assert.strictEqual(status, "error")
    assert.include(reason, "went back to generation 1")
    const pending = (millis: number) =>
      task(2, "pending", { error: "no suitable node", createdAt: DateTime.unsafeMake(now - millis) })
    assert.strictEqual(seen(service(2), [pending(1_000)], { starting: true })[0], "pending")
    assert.strictEqual(seen(service(2), [pending(11_000)], { starting: true })[0], "error")
  })

  it("is that of the old tasks while a newer generation starts, and absent when that is accepted", () => {
    const newer = service(3)
    assert.strictEqual(seen(newer, [task(3, "starting"), task(2, "running")])[0], "running")
    assert.strictEqual(seen(newer, [task(3, "running")])[0], "pending")
    const accepted = service(3, { labels: { ...newer.labels, [acceptedKey]: "3" } })
    assert.strictEqual(seen(accepted, [task(3, "running"), task(2, "running")])[0], "absent")
  })

  it("says how many tasks of several run, and that none is wanted", () => {
    assert.match(seen(service(2, { replicas: 3 }), [task(2, "running")]).join(" "), /^running 1 of 3 tasks run/)
    assert.deepStrictEqual(seen(service(2, { replicas: 0 }), []), [
      "error",
      "its service was scaled to 0 tasks from outside"
    ])
  })
})
