import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { HttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Chunk, Clock, Console, Effect, Fiber, Queue, Ref } from "effect"
import { Client, Snapshot } from "effect-deployers"
import { LocalDeployer } from "effect-deployers/Local"
import type { EventType } from "../../src/Deployment/DeploymentEvent.js"
import { first as pipeline } from "../pipelines/paced.js"
import { layerEmbedded } from "./fixture.js"

const pipelines = (file: string) => fileURLToPath(new URL(`../pipelines/${file}`, import.meta.url))

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen({ host: "127.0.0.1", port: 0 }, () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Sends requests while an effect runs; returns the number of unanswered ones and the longest gap. */
const watched = <A, E, R>(url: string | undefined, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const seen = yield* Ref.make({ refused: 0, longestMillis: 0, lastAnswer: yield* Clock.currentTimeMillis })
    const ask = Effect.gen(function* () {
      const answered = yield* client.get(`${url}/health/live`, { headers: { connection: "close" } }).pipe(
        Effect.flatMap(({ text }) => text),
        Effect.scoped,
        Effect.isSuccess
      )
      const at = yield* Clock.currentTimeMillis
      yield* Ref.update(seen, (now) =>
        answered
          ? { ...now, lastAnswer: at, longestMillis: Math.max(now.longestMillis, at - now.lastAnswer) }
          : { ...now, refused: now.refused + 1 }
      )
      yield* Effect.sleep("2 millis")
    })
    const watching = yield* Effect.fork(Effect.forever(ask))
    const result = yield* Effect.ensuring(effect, Fiber.interrupt(watching))
    return { result, ...(yield* Ref.get(seen)) }
  })

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })(
  "A local deployment at a fixed port",
  (it) => {
    it.scoped("is replaced without a gap, and serves on when the new version fails", () =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        const good = yield* Snapshot.fromFile(`${pipelines("paced.ts")}#first`)
        const better = yield* Snapshot.fromFile(`${pipelines("paced.ts")}#second`)
        const bad = yield* Snapshot.fromFile(`${pipelines("mischievous.ts")}#mischievous`)
        const settings = { port: yield* freePort, minHealthyMillis: 1_000 }
        const events = yield* deployer.subscribe
        const eventOf = (type: EventType) =>
          Effect.map(Queue.takeAll(events), (all) =>
            Chunk.toReadonlyArray(all).findLast((event) => event.type === type)
          )
        const client = Client.make(pipeline, "pinned")
        const version = Effect.map(client.invoke({ number: 1, millis: 1 }), (answer) => answer.version)

        const made = yield* deployer.provision(good, { name: "pinned", settings })
        assert.isFalse((yield* deployer.plan(better, { name: "pinned", settings })).gap)

        // Its old instance drains for a while and the new one serves already.
        const slow = yield* Effect.fork(client.invoke({ number: 7, millis: 2_000 }))
        const swapped = yield* watched(made.url, deployer.provision(better, { name: "pinned", settings }))
        yield* Console.log(
          `fixed port: callers saw no answer for ${swapped.longestMillis} ms at most, ${swapped.refused} refused`
        )
        assert.deepStrictEqual([swapped.refused, swapped.result.url], [0, made.url])
        assert.strictEqual((yield* Fiber.join(slow)).version, 1)
        assert.strictEqual(yield* version, 2)

        const before = yield* deployer.get("pinned")
        const broken = (mischief: string, timeoutMillis: number) =>
          Effect.flip(
            deployer.provision(bad, {
              name: "pinned",
              settings: { ...settings, environment: { MISCHIEF: mischief }, timeoutMillis }
            })
          )
        const neverReady = [
          ["throws", 30_000],
          ["crashes", 30_000],
          ["sulks", 4_000],
          ["hangs", 4_000],
          ["collapses", 30_000]
        ] as const
        for (const [mischief, timeoutMillis] of neverReady) {
          const { refused, result } = yield* watched(made.url, broken(mischief, timeoutMillis))
          assert.deepStrictEqual(
            [refused, yield* deployer.get("pinned")],
            [0, before],
            `${mischief}: ${result.message}`
          )
          assert.include(
            result.message,
            mischief === "collapses" ? "it ends soon after it became healthy" : "mischief: it"
          )
        }
        yield* Console.log("fixed port: five versions that failed, 0 refused: the old one was not stopped")
        assert.isUndefined(yield* eventOf("old_instance_stopped"))
        assert.strictEqual(yield* version, 2)
        const after = yield* deployer.get("pinned")
        assert.deepStrictEqual(
          [after.generation, after.url, after.snapshot, after.status],
          [before.generation, before.url, before.snapshot, before.status]
        )
        yield* deployer.delete("pinned")
      })
    )
  }
)
