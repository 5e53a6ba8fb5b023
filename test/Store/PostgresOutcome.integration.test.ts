import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Ids } from "effect-deployers"
import { DeploymentStore, layerPg, SecretBox, SnapshotStore } from "effect-deployers/Store"
import { deploymentId, draft, holder, id, named, state, ttl } from "../../src/Conformance/StoreSuite/Fixtures.js"
import { newDatabases, type Proxy, proxyTo } from "./Postgres.js"

const newDatabase = newDatabases()

/** The writes of a deployment's life, in their order. */
const names = [
  "put",
  "insert",
  "acquire",
  "begin",
  "commit",
  "finish",
  "abort",
  "restored",
  "stopped",
  "setAuthKey",
  "setIntake",
  "renew",
  "remove"
] as const

type Name = (typeof names)[number]

/** A whole life of a deployment, with a connection that breaks at the commit of one write. Returns the facts of each state. */
const life = (breaks: (name: Name) => void) =>
  Effect.gen(function* () {
    const store = yield* DeploymentStore.DeploymentStore
    const snapshots = yield* SnapshotStore.SnapshotStore
    const write = <A, E>(name: Name, effect: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        breaks(name)
        return effect
      })
    const put = yield* write("put", snapshots.put(draft("weather")))
    const snapshot = { id: put.id, pipelineName: put.pipelineName, version: put.version }
    const name = named("weather")
    const deployer = { flavor: "local", name: "default" }
    const { deployment } = yield* write("insert", store.insert({ id: deploymentId(1), name, deployer, snapshot }))
    const lease = yield* write("acquire", store.acquire(deployment.id, { name, holder, ttl }))
    const provision = (n: number) =>
      ({ id: id(n), kind: "provision", snapshotId: snapshot.id, settings: { n } }) as const
    const change = { snapshot, settings: { n: 1 }, state: state("running"), authKey: undefined }
    const first = yield* write("begin", store.begin(lease, provision(1)))
    const committed = yield* write("commit", store.commit(lease, first, change))
    yield* write("finish", store.finish(lease, first))
    const second = yield* store.begin(lease, provision(2))
    const aborted = yield* write("abort", store.abort(lease, second, "no"))
    const third = yield* store.begin(lease, { id: id(3), kind: "restore" })
    const restored = yield* write("restored", store.restored(lease, third, state("error")))
    const fourth = yield* store.begin(lease, { id: id(4), kind: "deprovision" })
    const stopped = yield* write("stopped", store.stopped(lease, fourth))
    const key = { digest: "d".repeat(64), sealed: "v1.sealed" }
    const keyed = yield* write("setAuthKey", store.setAuthKey(lease, key))
    const open = yield* write("setIntake", store.setIntake(lease, undefined))
    yield* write("renew", store.renew(lease, ttl))
    const revisions = (yield* store.revisions(deployment.id)).map(({ generation, outcome }) => ({
      generation,
      outcome
    }))
    yield* write("remove", store.remove(lease))
    const facts = [committed, aborted, restored, stopped, keyed, open].map((record) => ({
      generation: record.deployment.generation,
      status: record.deployment.status,
      desired: record.deployment.desired,
      key: record.authKey
    }))
    const rest = [yield* store.openOperations, yield* store.list(), yield* store.leases]
    const graves = (yield* store.tombstones).map(({ generation }) => generation)
    return { version: put.version, operation: first.generation, facts, revisions, rest, graves }
  })

const registryAt = (url: string) =>
  layerPg({ url: Redacted.make(url), maxConnections: 2 }).pipe(
    Layer.provide(SecretBox.layerTest),
    Layer.provide(Ids.layer)
  )

/** A new registry behind a proxy. */
const behindProxy = Effect.gen(function* () {
  const url = new URL(yield* newDatabase)
  const proxy: Proxy = yield* proxyTo(Number(url.port))
  url.port = String(proxy.port)
  return { proxy, url: url.toString() }
})

describe("a connection that breaks at a commit", () => {
  const cases = names.flatMap((name) => [[name, "afterwards"] as const, [name, "before"] as const])
  it.scopedLive.each(cases)("P05: leaves one change, and its result: %s, %s", ([name, when]) =>
    Effect.gen(function* () {
      const { proxy, url } = yield* behindProxy
      const breaking = life((next) => {
        if (next === name) proxy.breakNextCommit(when)
      })
      const seen = yield* Effect.provide(breaking, registryAt(url))
      assert.strictEqual(proxy.broken(), 1)
      assert.deepStrictEqual(seen, undisturbed)
    })
  )

  it.scopedLive("P05: the same life without a break", () =>
    Effect.gen(function* () {
      const { url } = yield* behindProxy
      assert.deepStrictEqual(
        yield* Effect.provide(
          life(() => undefined),
          registryAt(url)
        ),
        undisturbed
      )
    })
  )
})

const key = { digest: "d".repeat(64), sealed: "v1.sealed" }

/** The facts of a life in which nothing breaks. */
const undisturbed: Effect.Effect.Success<ReturnType<typeof life>> = {
  version: 1,
  operation: 1,
  facts: [
    { generation: 1, status: "running", desired: "running", key: undefined },
    { generation: 1, status: "running", desired: "running", key: undefined },
    { generation: 1, status: "error", desired: "running", key: undefined },
    { generation: 1, status: "absent", desired: "stopped", key: undefined },
    { generation: 1, status: "absent", desired: "stopped", key },
    { generation: 1, status: "absent", desired: "stopped", key }
  ],
  revisions: [
    { generation: 2, outcome: "failed" },
    { generation: 1, outcome: "accepted" }
  ],
  rest: [[], [], []],
  graves: [2]
}
