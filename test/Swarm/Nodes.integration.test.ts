import { HttpBody, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Console, Context, Effect, Layer, Redacted, Schedule } from "effect"
import { type Deployment, Snapshot } from "effect-deployers"
import * as Postgres from "../../scripts/postgres.mjs"
import * as Registry from "../../scripts/registry.mjs"
import { ask, type PrivateSwarm, startPrivate } from "../../scripts/swarm.mjs"
import { ImageRepository } from "../../src/Containerized/ImageReference.js"
import * as DockerClient from "../../src/Docker/DockerClient.js"
import * as PostgresRuns from "../../src/Store/PostgresRuns.js"
import { RunStore } from "../../src/Store/RunStore.js"
import { SecretStore } from "../../src/Store/SecretStore.js"
import { isOf, tasksOf } from "../../src/Swarm/Backend/Lookup.js"
import { serviceName } from "../../src/Swarm/Backend/Names.js"
import { scale } from "../../src/Swarm/Scale.js"
import { SwarmDeployer } from "../../src/Swarm/SwarmDeployer.js"
import { underLoad } from "../Load.js"
import { layerSwarm, pipelines } from "./SwarmFixture.js"

/** A swarm of two nodes, a registry of images and a server of PostgreSQL that both nodes reach. */
class World extends Context.Tag("test/Swarm/World")<
  World,
  { readonly swarm: PrivateSwarm; readonly repository: string; readonly database: string; readonly here: string }
>() {}

const started = <A>(start: () => Promise<A>, stop: (made: A) => Promise<unknown>) =>
  Effect.acquireRelease(Effect.promise(start), (made) => Effect.promise(() => stop(made)))

const layerWorld = Layer.scoped(
  World,
  Effect.gen(function* () {
    const swarm = yield* started(
      () => startPrivate({ nodes: 2 }),
      ({ dispose }) => dispose()
    )
    const gateway = swarm.nodes[0]?.gateway ?? ""
    const registry = yield* started(
      () => Registry.start({ address: gateway }),
      ({ stop }) => stop()
    )
    const hba = "local all all trust\nhost all all 0.0.0.0/0 trust"
    const server = yield* started(
      () => Postgres.start({ settings: ["listen_addresses=*"], hba }),
      ({ stop }) => stop()
    )
    const database = new URL(server.url)
    database.hostname = gateway
    return { swarm, repository: `${registry.host}/team/paced`, database: database.toString(), here: server.url }
  })
)

const layerNodes = Layer.provideMerge(
  layerSwarmOf(Effect.map(World, ({ swarm }) => swarm.nodes[0]?.host ?? "")),
  layerWorld
)

function layerSwarmOf(host: Effect.Effect<string, never, World>) {
  return Layer.unwrapEffect(Effect.map(host, (at) => layerSwarm(Effect.succeed(at))))
}

type Made = Pick<Deployment.Deployment, "id" | "url" | "generation">

const invoke = ({ url }: Pick<Made, "url">) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters: { number: 1, millis: 5 } }) })
  ).pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.asVoid, Effect.scoped)

const placesOf = ({ generation, id }: Made) =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient.DockerClient
    const tasks = yield* tasksOf(yield* services.inspect(serviceName(id)))
    return tasks
      .filter(isOf(generation))
      .filter(({ desired, state }) => state === "running" && desired === "running")
      .map(({ nodeId }) => nodeId)
  })

const poll = { schedule: Schedule.spaced("250 millis") }

const update = (host: string, id: string, change: object) =>
  Effect.promise(async () => {
    const node = await ask<{ Version: { Index: number }; Spec: object }>(host, "GET", `/nodes/${id}`)
    await ask(host, "POST", `/nodes/${id}/update?version=${node.Version.Index}`, { ...node.Spec, ...change })
  })

layer(layerNodes, { excludeTestServices: true, timeout: "10 minutes" })("A deployment on two nodes", (it) => {
  it.scoped(
    "W04 W06 W09: images come from a registry, updates and lost nodes cost no acknowledged run",
    () =>
      Effect.gen(function* () {
        const { database, here, repository, swarm } = yield* World
        const deployer = yield* SwarmDeployer
        const docker = yield* DockerClient.DockerClient
        const [first, second] = swarm.nodes
        if (first === undefined || second === undefined) return assert.fail("two nodes are missing")
        const nodes = yield* docker.nodes.list
        const other = nodes.find(({ address }) => address === second.address)?.id ?? assert.fail("the node is missing")

        yield* Effect.flatMap(SecretStore, (store) => store.set("RUNS_URL", Redacted.make(database)))
        const serving = { runStoreSecret: "RUNS_URL" }
        const shared = { auth: { _tag: "none" }, serving, replicas: 2 } as const
        const settings = { ...shared, imageRepository: ImageRepository.make(repository) }
        const from = (file: string, part: string) =>
          Snapshot.fromFile(`${pipelines(file)}#${part}`, { settings: { serving } })
        const good = yield* from("paced.ts", "first")
        const better = yield* from("paced.ts", "second")
        const crashing = yield* from("failing.ts", "crashing")

        // W04: without a registry the other node has no image.
        const lacking = yield* Effect.flip(
          deployer.provision(good, { name: "spread", settings: { ...shared, constraints: [`node.id==${other}`] } })
        )
        assert.strictEqual(lacking._tag, "DeploymentProvisionFailed")
        assert.include(lacking.message, "imageRepository")
        assert.isEmpty(yield* docker.services.list({}))

        const made = yield* deployer.provision(good, { name: "spread", settings })
        yield* Effect.addFinalizer(() => Effect.ignore(deployer.delete("spread")))
        assert.deepStrictEqual(new Set(yield* placesOf(made)), new Set(nodes.map(({ id }) => id)))

        yield* Console.log(`two tasks at ${(yield* placesOf(made)).join(" and ")}`)
        // Updates under load: a good version, a bad one, scaling, a drained node.
        const caller = { callers: 3, restMillis: 40, ask: () => invoke(made) }
        const [replaced, tally] = yield* underLoad(caller, () =>
          Effect.gen(function* () {
            const replaced = yield* deployer.provision(better, { name: "spread", settings })
            const bad = yield* Effect.flip(
              deployer.provision(crashing, { name: "spread", settings, allowOtherPipeline: true })
            )
            assert.include(bad.message, "something went wrong")
            yield* scale("spread", 3)
            yield* Effect.repeat(placesOf(replaced), { ...poll, until: ({ length }) => length === 3 })
            yield* scale("spread", 2)
            yield* Effect.repeat(placesOf(replaced), { ...poll, until: ({ length }) => length === 2 })
            yield* update(first.host, other, { Availability: "drain" })
            yield* Effect.repeat(placesOf(replaced), {
              ...poll,
              until: (at) => at.length === 2 && !at.includes(other)
            })
            yield* update(first.host, other, { Availability: "active" })
            return replaced
          })
        )
        yield* Console.log(`${tally.requests} requests over updates, ${tally.failed} failed, ${tally.slowestMillis} ms`)
        assert.deepStrictEqual([tally.failed, tally.failures], [0, []])
        assert.strictEqual(replaced.url, made.url)

        // W09: a node is lost under load.
        const again = yield* deployer.provision(good, { name: "spread", settings })
        yield* Effect.repeat(placesOf(again), { ...poll, until: (at) => at.includes(other) })
        const [, lost] = yield* underLoad(caller, () =>
          Effect.gen(function* () {
            yield* Effect.promise(() => second.kill())
            yield* Effect.repeat(placesOf(again), { ...poll, until: (at) => at.length === 2 && !at.includes(other) })
            yield* invoke(again)
          })
        )
        yield* Console.log(`${lost.requests} requests while a node was lost, ${lost.failed} failed`)
        const answered = tally.requests + lost.requests + 1 - lost.failed
        const store = yield* Effect.map(
          Layer.build(PostgresRuns.layer({ url: Redacted.make(here) }, { deployment: made.id, generation: 0 })),
          Context.get(RunStore)
        )
        assert.isAtLeast((yield* store.counts).succeeded, answered)

        // W06: one of two managers is lost, so most of them are gone.
        yield* Effect.promise(() => second.restart())
        const isBack = Effect.map(docker.nodes.list, (all) => all.every(({ state }) => state === "ready"))
        yield* Effect.repeat(isBack, { ...poll, until: (is) => is })
        yield* update(first.host, other, { Role: "manager" })
        const joined = Effect.promise(async () => {
          const { Swarm } = await ask<{ Swarm: { ControlAvailable: boolean } }>(second.host, "GET", "/info")
          return Swarm.ControlAvailable === true
        })
        yield* Effect.repeat(joined, { ...poll, until: (is) => is })
        const before = yield* deployer.refresh("spread")
        assert.strictEqual(before.status, "running")
        yield* Effect.promise(() => second.kill())
        yield* Effect.repeat(Effect.either(deployer.refresh("spread")), {
          until: (seen) => seen._tag === "Left" || seen.right.unknownSince !== undefined
        })
        assert.deepInclude({ ...(yield* deployer.get("spread")) }, { status: "running", url: before.url })
        yield* Effect.promise(() => second.restart())
        yield* Effect.repeat(Effect.option(docker.nodes.list), { ...poll, until: (seen) => seen._tag === "Some" })
      }),
    900_000
  )
})
