// Three nights of the report in virtual time: the service starts its runs, and misses none while it is away.
import { expect, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Logger, TestClock } from "effect"
import { Server } from "effect-deployers/Server"
import { RunStore, Runs } from "effect-deployers/Store"
import { report } from "./nightly-report.js"

const world = Layer.mergeAll(Runs.layerMemory, Logger.remove(Logger.defaultLogger), Server.layerMicrotasks)

const at = (time: string) => TestClock.setTime(DateTime.toEpochMillis(DateTime.unsafeMake(time)))

it.scoped("makes a report each night", () =>
  Effect.gen(function* () {
    yield* at("2026-01-01T02:59:58Z")
    yield* Effect.scoped(Effect.zipRight(Server.httpApp(report), TestClock.adjust("4 seconds")))
    // It is away for two nights, and comes back in the morning.
    yield* at("2026-01-03T09:00:00Z")
    yield* Effect.asVoid(Server.httpApp(report))
    yield* TestClock.adjust("2 seconds")
    const store = yield* RunStore.RunStore
    const { runs } = yield* store.list({ limit: 10 })
    expect(runs.map(({ name, status }) => [name, status]).reverse()).toStrictEqual([
      ["nightly 2026-01-01T03:00:00.000Z", "succeeded"],
      ["nightly 2026-01-02T03:00:00.000Z", "succeeded"],
      ["nightly 2026-01-03T03:00:00.000Z", "succeeded"]
    ])
    const last = yield* store.find(runs[0]?.id ?? "")
    expect(last).toMatchObject({ value: { outputs: { orders: 24, from: "2026-01-02T00:00:00.000Z" } } })
  }).pipe(Effect.provide(world))
)
