/** Laws of services, tasks, nodes, secrets and configs, for an engine that is a manager. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { DockerClient, ServiceChange, type ServiceSpec } from "../../Docker/DockerClient.js"
import { DockerClientFixture, freshName, type It } from "./Fixture.js"

/** Laws of a swarm. */
export const laws = (it: It): void => {
  it.scoped("describes its swarm and its nodes", () =>
    Effect.gen(function* () {
      const docker = yield* DockerClient
      const { swarm } = yield* docker.engine.info
      const nodes = yield* docker.nodes.list
      const own = nodes.find(({ id }) => id === swarm?.nodeId)
      assert.isTrue(swarm?.isManager)
      assert.deepInclude({ ...own }, { role: "manager", state: "ready", availability: "active" })
    })
  )

  it.scoped("keeps secrets and configs while a service uses them", () =>
    Effect.gen(function* () {
      const docker = yield* DockerClient
      const { fresh, service } = yield* setting
      const [secret, config] = [yield* fresh, yield* fresh]
      const labels = { "effect-deployers.law": secret }
      const secretId = yield* Effect.acquireRelease(
        docker.secrets.create({ name: secret, labels, content: Redacted.make("a secret") }),
        (id) => Effect.ignore(docker.secrets.remove(id))
      )
      const configId = yield* Effect.acquireRelease(
        docker.configs.create({ name: config, labels, content: "a config" }),
        (id) => Effect.ignore(docker.configs.remove(id))
      )
      const again = yield* Effect.flip(docker.configs.create({ name: config, labels, content: "another" }))
      assert.deepInclude({ ...again }, { _tag: "NameConflict", kind: "config" })
      assert.deepStrictEqual(
        (yield* docker.secrets.list(labels)).map(({ id, name }) => [id, name]),
        [[secretId, secret]]
      )
      const file = { uid: 0, gid: 0, mode: 0o400 }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const made = yield* service({
            secrets: [{ ...file, id: secretId, name: secret, target: "/run/secrets/one" }],
            configs: [{ ...file, id: configId, name: config, target: "/run/two" }]
          })
          const { configs, secrets } = yield* docker.services.inspect(made)
          assert.deepStrictEqual([secrets, configs], [[secretId], [configId]])
          assert.strictEqual((yield* Effect.flip(docker.secrets.remove(secretId)))._tag, "SwarmObjectInUse")
          assert.strictEqual((yield* Effect.flip(docker.configs.remove(configId)))._tag, "SwarmObjectInUse")
        })
      )
      yield* docker.secrets.remove(secretId)
      yield* docker.secrets.remove(secretId)
      assert.deepStrictEqual(yield* docker.secrets.list(labels), [])
    })
  )

  it.scoped("creates, changes and removes services by version, and runs their tasks", () =>
    Effect.gen(function* () {
      const docker = yield* DockerClient
      const { service, spec } = yield* setting
      const made = yield* service({})
      const first = yield* docker.services.inspect(made)
      assert.deepInclude(
        { name: first.name, replicas: first.replicas, previous: first.previousLabels },
        { name: spec.name, replicas: 1, previous: undefined }
      )
      assert.strictEqual((yield* Effect.flip(docker.services.create(spec)))._tag, "NameConflict")
      yield* Effect.repeat(docker.tasks.list(made), {
        until: (tasks) => tasks.some(({ state }) => state === "running"),
        schedule: Schedule.spaced("100 millis")
      })
      const [task] = yield* docker.tasks.list(made)
      assert.deepInclude(task?.labels ?? {}, spec.container.labels)

      yield* docker.services.update(first, ServiceChange.Label({ labels: { note: "one" } }))
      const stale = yield* Effect.flip(docker.services.update(first, ServiceChange.Scale({ replicas: 2 })))
      assert.strictEqual(stale._tag, "UpdateOutOfSequence")
      const second = yield* docker.services.inspect(spec.name)
      assert.deepStrictEqual(second.labels, { ...spec.labels, note: "one" })
      assert.deepStrictEqual(second.previousLabels, spec.labels)
      assert.isAbove(second.version, first.version)
      yield* docker.services.update(second, ServiceChange.Rollback())
      assert.deepStrictEqual((yield* docker.services.inspect(made)).labels, spec.labels)

      yield* docker.services.remove(made)
      yield* docker.services.remove(made)
      assert.strictEqual((yield* Effect.flip(docker.services.inspect(made)))._tag, "ServiceNotFound")
      assert.deepStrictEqual(yield* docker.tasks.list(made), [])
    })
  )
}

// internal

const setting = Effect.gen(function* () {
  const docker = yield* DockerClient
  const { image, label, program } = yield* DockerClientFixture
  const { id } = yield* Effect.orDie(docker.images.inspect(image))
  const name = yield* freshName
  const { command, entrypoint } = program("runs")
  const spec: ServiceSpec = {
    name,
    labels: { [label.name]: label.value },
    container: { image: id, labels: { [label.name]: label.value }, command, entrypoint },
    replicas: 1,
    restart: { condition: "none" },
    endpoint: "dnsrr"
  }
  const service = (container: Partial<ServiceSpec["container"]>) =>
    Effect.acquireRelease(docker.services.create({ ...spec, container: { ...spec.container, ...container } }), (made) =>
      Effect.orDie(docker.services.remove(made))
    )
  return { fresh: freshName, service, spec }
})
