// Provisions and kills its own process at a given event: `dying.ts HOME SOURCE EVENT`.
import { Effect, Stream } from "effect"
import { Deployer, Snapshot } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"

const [home = "", source = "", event = ""] = process.argv.slice(-3)

const program = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  yield* deployer.events.pipe(
    Stream.filter(({ type }) => type === event),
    Stream.runForEach(() => Effect.sync(() => process.kill(process.pid, "SIGKILL"))),
    Effect.fork
  )
  yield* Effect.yieldNow()
  return yield* deployer.provision(yield* Snapshot.fromFile(source), { name: "victim" })
})

Effect.runPromise(Effect.provide(program, Embedded.layer({ home })))
