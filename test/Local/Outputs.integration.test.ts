// Outputs that are bytes, of a deployed bundle with two workers: over a replace, and over the end of its processes.
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Client, Snapshot } from "effect-deployers"
import { LocalDeployer } from "effect-deployers/Local"
import { first as drawing } from "../pipelines/drawing.js"
import { layerEmbedded } from "./fixture.js"

const file = fileURLToPath(new URL("../pipelines/drawing.ts", import.meta.url))

const expected = (text: string, version: number) => `drawn ${text} by ${version}`.padEnd(400_000, ".")

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(1_000)))

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })(
  "A deployment whose outputs are bytes",
  (it) => {
    it.scoped("keeps them for all workers, for the next version, and for the next process", () =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        yield* Effect.addFinalizer(() => Effect.orDie(deployer.delete("drawings", { force: true })))
        const provision = (version: string) =>
          Effect.flatMap(Snapshot.fromFile(`${file}#${version}`), (snapshot) =>
            deployer.provision(snapshot, { name: "drawings", settings: { serving: { workers: 2 } } })
          )
        yield* provision("first")
        const client = Client.make(drawing, "drawings")
        const texts = ["a", "b", "c", "d", "e", "f"]
        const made = yield* Effect.forEach(texts, (text) => client.invokeDetailed({ text }), { concurrency: 3 })
        const isRead = Effect.forEach(made, ({ metadata }, index) =>
          Effect.map(
            Effect.flatMap(Client.output("drawings", metadata.runId), ({ bytes }) => bytes),
            (bytes) => textOf(bytes) === expected(texts[index] ?? "", 1)
          )
        )
        const all = texts.map(() => true)
        assert.deepStrictEqual(
          made.map(({ outputs }, index) => textOf(outputs) === expected(texts[index] ?? "", 1)),
          all
        )
        assert.deepStrictEqual(yield* isRead, all)

        const waiting = yield* client.start({ text: "w", waits: true })
        yield* eventually(
          Effect.filterOrFail(Client.run("drawings", waiting), ({ steps = [] }) => steps[0]?.status === "succeeded")
        )
        const { metadata } = yield* provision("second")
        assert.deepStrictEqual(yield* isRead, all)
        yield* eventually(Client.signal("drawings", waiting, "go", {}))
        assert.isTrue(textOf(yield* client.awaitRun(waiting)) === expected("w", 2))

        process.kill(Number(metadata["pid"]), "SIGKILL")
        yield* eventually(Effect.filterOrFail(deployer.refresh("drawings"), ({ status }) => status === "error"))
        yield* deployer.reconcile
        assert.deepStrictEqual(yield* eventually(isRead), all)
        const { bytes } = yield* Client.output("drawings", waiting)
        assert.isTrue(textOf(yield* bytes) === expected("w", 2))
      })
    )
  }
)
