import { assert, describe, it } from "@effect/vitest"
import { changed, serviceBody } from "../../../src/Docker/Client/ServiceSpecs.js"
import { ServiceChange, type ServiceSpec } from "../../../src/Docker/DockerClient.js"

const spec: ServiceSpec = {
  name: "weather",
  labels: { a: "1" },
  container: {
    image: "sha256:0",
    labels: { b: "2" },
    mounts: [{ type: "tmpfs", target: "/tmp", sizeBytes: 1_024 }],
    stopGrace: 1_500
  },
  replicas: 2,
  limits: { cpus: 0.5 },
  restart: { condition: "any", delay: "1 seconds" },
  update: { parallelism: 1, monitor: "2 seconds", onFailure: "rollback" },
  endpoint: "dnsrr"
}

describe("the specification of a service", () => {
  it("has the units of the engine, and starts new tasks first", () => {
    const body = serviceBody(spec)
    assert.deepInclude(body, { Name: "weather", Labels: { a: "1" }, Mode: { Replicated: { Replicas: 2 } } })
    assert.deepInclude(body["UpdateConfig"], { Order: "start-first", Monitor: 2e9, FailureAction: "rollback" })
    const text = JSON.stringify(body)
    assert.include(text, '"NanoCPUs":500000000')
    assert.include(text, '"StopGracePeriod":2000000000')
    assert.include(text, '"TmpfsOptions":{"SizeBytes":1024,"Mode":1023}')
    assert.deepInclude(serviceBody({ ...spec, replicas: "everyNode" }), { Mode: { Global: {} } })
  })

  it("keeps what a change does not name", () => {
    const raw = { ...serviceBody(spec), Other: "kept" }
    const scaled = changed(raw)(ServiceChange.Scale({ replicas: 5 }))
    assert.deepStrictEqual(scaled, { ...raw, Mode: { Replicated: { Replicas: 5 } } })
    const labelled = changed(raw)(ServiceChange.Label({ labels: { c: "3" } }))
    assert.deepStrictEqual(labelled, { ...raw, Labels: { a: "1", c: "3" } })
    assert.strictEqual(changed(raw)(ServiceChange.Rollback()), raw)
    const config = (id: string) => ({ id, name: id, target: "/run/intake.json", uid: 1, gid: 1, mode: 0o400 })
    const once = changed(raw)(ServiceChange.Reconfigure({ config: config("one") }))
    const twice = JSON.stringify(changed(once)(ServiceChange.Reconfigure({ config: config("two") })))
    assert.include(twice, '"ConfigID":"two"')
    assert.notInclude(twice, '"ConfigID":"one"')
  })

  it("starts the tasks again if that is asked for, though nothing differs", () => {
    const forced = changed(changed(serviceBody(spec))(ServiceChange.Replace({ spec, restart: true })))(
      ServiceChange.Replace({ spec, restart: true })
    )
    assert.include(JSON.stringify(forced), '"ForceUpdate":2')
  })
})
