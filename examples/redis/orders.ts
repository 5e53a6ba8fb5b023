// Orders from a Redis stream: a run for each message, at least once, with a dead letter for what no run can take.
// redis-cli XADD orders '*' order '{"item":"pen","count":2}'
// deployers deploy examples/redis/orders.ts --name orders --env REDIS_URL=redis://127.0.0.1:6379
// deployers triggers orders
import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"
import * as RedisStream from "./RedisStream.js"

const Order = Schema.Struct({ item: Schema.NonEmptyString, count: Schema.Int.pipe(Schema.positive()) })

const book = Step.make("book", {
  input: Order,
  output: Schema.String,
  run: ({ count, item }) => Effect.succeed(`${count} of ${item}`)
})

const stream = RedisStream.make("orders")

export const orders = Pipeline.make("orders", {
  input: Order,
  output: Schema.Struct({ booked: Schema.String }),
  // A run whose process dies goes on in the next one, so its message can be taken as soon as the run is on record.
  settings: { recovery: "resume" },
  run: (order) => Effect.map(book(order), (booked) => ({ booked }))
}).pipe(
  Pipeline.trigger("orders", {
    messages: stream.messages,
    deadLetter: stream.bury,
    ackOn: "accepted",
    concurrency: 20
  }),
  Pipeline.provide(RedisStream.layer)
)
