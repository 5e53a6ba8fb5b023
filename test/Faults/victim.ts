// A deployer in a process of its own, to be killed: `victim.mjs HOME FLAVOR HOST OPERATION NAME SNAPSHOT EVENT`. With an event
// it kills itself when that is reported; with `-` it says `go` and is killed from outside.
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

const program = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  const events = yield* deployer.subscribe
  yield* Stream.fromQueue(events).pipe(
    Stream.filter(({ type }) => type === event),
    Stream.runForEach(() => Effect.sync(() => process.kill(process.pid, "SIGKILL"))),
    Effect.forkScoped
  )
  yield* Effect.sync(() => process.stdout.write("go\n"))
  yield* Effect.either(perform)
}).pipe(Effect.scoped)

const provided =
  flavor === "docker"
    ? Effect.provide(program, DockerStack.layer({ home, engine: { host } }))
    : Effect.provide(program, Embedded.layer({ home }))

Effect.runPromise(provided).then(() => process.exit(0))
