// A deployer in a process of its own, to be killed: `victim.mjs HOME FLAVOR HOST OPERATION NAME SNAPSHOT EVENT`. With an event
// it kills itself when that is reported, and freezes itself if a `!` stands behind it; with `-` it says `go` and is killed
// from outside.
import { writeSync } from "node:fs"
import { Effect, Stream } from "effect"
import { Deployer } from "effect-deployers"
import { DockerStack } from "effect-deployers/Docker"
import { Embedded } from "effect-deployers/Local"

const [home = "", flavor = "", host = "", operation = "", name = "", snapshot = "", event = ""] = process.argv.slice(-7)

const perform = Effect.flatMap(Deployer.Deployer, (deployer): Effect.Effect<unknown, unknown> => {
  switch (operation) {
    case "provision":
      return deployer.provision(snapshot, { name, settings: { timeoutMillis: 20_000, stopGraceMillis: 3_000 } })
    case "rollback":
      return deployer.rollback(name)
    case "reprovision":
      return deployer.reprovision(name)
    case "deprovision":
      return deployer.deprovision(name)
    case "delete":
      return deployer.delete(name)
    default:
      return deployer.reconcile
  }
})

const stopHere = () => {
  if (!event.endsWith("!")) return process.kill(process.pid, "SIGKILL")
  writeSync(1, "frozen\n")
  return process.kill(process.pid, "SIGSTOP")
}

const program = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  const events = yield* deployer.subscribe
  yield* Stream.fromQueue(events).pipe(
    Stream.filter(({ type }) => type === event.replace("!", "")),
    Stream.runForEach(() => Effect.sync(stopHere)),
    Effect.forkScoped
  )
  yield* Effect.sync(() => process.stdout.write("go\n"))
  const ended = yield* Effect.either(perform)
  if (ended._tag === "Left") yield* Effect.sync(() => process.stdout.write(`${String(ended.left)}\n`))
}).pipe(Effect.scoped)

/** An engine that is reached by address publishes for more than its own machine. */
const address = host.startsWith("tcp:") ? "0.0.0.0" : "127.0.0.1"

const provided =
  flavor === "docker"
    ? Effect.provide(program, DockerStack.layer({ home, engine: { host }, defaults: { address } }))
    : Effect.provide(program, Embedded.layer({ home }))

Effect.runPromise(provided).then(() => process.exit(0))
