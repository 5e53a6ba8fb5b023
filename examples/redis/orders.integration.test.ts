// The orders over a real Redis server: taken once their run is on record, delivered again after a crash, buried if no run can
// take them.
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Context, Effect, Layer, Logger, Schedule } from "effect"
import { Server } from "effect-deployers/Server"
import { RunStore, Runs } from "effect-deployers/Store"
import { Redis } from "ioredis"
import { start } from "../../scripts/redis.mjs"
import { orders } from "./orders.js"

class Broker extends Context.Tag("examples/redis/Broker")<
  Broker,
  { readonly redis: Redis; readonly socket: string }
>() {}

const broker = Layer.scoped(
  Broker,
  Effect.gen(function* () {
    const { socket } = yield* Effect.acquireRelease(
      Effect.promise(() => start({ say: (text) => process.stderr.write(`${text}\n`) })),
      ({ stop }) => Effect.promise(stop)
    )
    const redis = yield* Effect.acquireRelease(
      Effect.sync(() => new Redis(socket)),
      (redis) => Effect.sync(() => redis.disconnect())
    )
    return { redis, socket }
  })
)

const send = (...[command = "", ...args]: ReadonlyArray<string>) =>
  Effect.flatMap(Broker, ({ redis }) => Effect.promise(() => redis.call(command, ...args)))

/** The service, as a process of its own has it. */
const served = Effect.flatMap(Broker, ({ socket }) =>
  Effect.asVoid(Server.httpApp(orders)).pipe(
    Effect.withConfigProvider(
      ConfigProvider.fromMap(
        new Map([
          ["REDIS_URL", socket],
          ["REDIS_IDLE_MILLIS", "300"]
        ])
      )
    )
  )
)

const runs = Effect.flatMap(RunStore.RunStore, (store) =>
  Effect.map(store.list({ limit: 100 }), ({ runs }) => runs.map(({ name, status }) => `${name} ${status}`).sort())
)

/** Looks until it is so, for twenty seconds at most. */
const until = <A, E, R>(look: Effect.Effect<A, E, R>, is: (value: A) => boolean) =>
  Effect.repeat(look, { until: is, schedule: Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(1_000)) })

const untaken = Effect.map(send("XPENDING", "orders", "deployers"), (reply) => Array.isArray(reply) && reply[0])

const world = Layer.mergeAll(Runs.layerMemory, Logger.remove(Logger.defaultLogger))

layer(broker, { excludeTestServices: true, timeout: 120_000 })("orders from Redis", (it) => {
  it.scoped("have one run each, also those of a consumer that died, and others are buried", () =>
    Effect.gen(function* () {
      // A consumer of before has read the first order, and died before its run was on record.
      yield* send("XGROUP", "CREATE", "orders", "deployers", "0", "MKSTREAM")
      const abandoned = yield* send("XADD", "orders", "*", "order", '{"item":"pen","count":2}')
      yield* send("XREADGROUP", "GROUP", "deployers", "dead", "COUNT", "1", "STREAMS", "orders", ">")
      const plain = yield* send("XADD", "orders", "*", "order", '{"item":"ink","count":1}')
      const misfit = yield* send("XADD", "orders", "*", "order", '{"item":"","count":1}')
      const broken = yield* send("XADD", "orders", "*", "order", "{")
      yield* served
      yield* until(runs, (all) => all.length === 2 && all.every((run) => run.endsWith("succeeded")))
      assert.deepStrictEqual(yield* runs, [`orders ${abandoned} succeeded`, `orders ${plain} succeeded`])
      yield* until(untaken, (count) => count === 0)
      assert.strictEqual(yield* untaken, 0)
      const dead = yield* send("XRANGE", "orders:dead", "-", "+")
      const letters = Array.isArray(dead) ? dead.map(([, fields]) => fields) : []
      assert.deepStrictEqual(letters.map(([, id]) => id).sort(), [misfit, broken].sort())
      for (const letter of letters) assert.include(letter[5], "InvalidRequest")
    }).pipe(Effect.provide(world))
  )
})
