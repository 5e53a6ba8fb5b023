// Following a run of a real process while the deployment is replaced: from the process that has the run, and from its
// successor.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Chunk, Effect, Fiber, Schedule, Stream } from "effect"
import { Client, Snapshot } from "effect-deployers"
import { LocalDeployer } from "effect-deployers/Local"
import { layerEmbedded } from "../Local/fixture.js"
import { first as pipeline } from "../pipelines/gated.js"

const file = fileURLToPath(new URL("../pipelines/gated.ts", import.meta.url))

const names = (events: Chunk.Chunk<Client.RunEvent>) => Chunk.toReadonlyArray(events).map(({ event }) => event)

layer(layerEmbedded, { excludeTestServices: true, timeout: "1 minute" })("A followed run", (it) => {
  it.effect(
    "has its events to the end while its deployment is replaced, and its usual result",
    () =>
      Effect.gen(function* () {
        const deployer = yield* LocalDeployer.LocalDeployer
        const provision = (version: string) =>
          Effect.flatMap(Snapshot.fromFile(`${file}#${version}`), (snapshot) =>
            deployer.provision(snapshot, {
              name: "followed",
              settings: { minHealthyMillis: 20, oldInstanceGraceMillis: 50 }
            })
          )
        yield* provision("first")
        const client = Client.make(pipeline, "followed")
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "followed-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true }))
        )
        const gate = join(folder, "gate")
        const id = yield* client.start({ number: 7, gate })
        const events = Stream.runCollect(Client.events("followed", id))
        const before = yield* Effect.fork(events)
        const replacing = yield* Effect.fork(provision("second"))
        // The old process ends when its run has; the new one serves meanwhile.
        yield* Effect.repeat(deployer.get("followed"), {
          until: ({ generation }) => generation === 2,
          schedule: Schedule.spaced("20 millis")
        })
        assert.strictEqual((yield* Client.run("followed", id)).status, "running")
        const after = yield* Effect.fork(events)
        yield* Effect.sync(() => writeFileSync(gate, ""))
        assert.deepStrictEqual(yield* client.awaitRun(id), { number: 7, version: 1 })
        const told = yield* Fiber.join(before)
        assert.deepStrictEqual(names(told), ["run_started", "step_started", "step_finished", "run_finished"])
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(after)), Chunk.toReadonlyArray(told))
        yield* Fiber.join(replacing)
      }).pipe(
        Effect.scoped,
        Effect.ensuring(
          Effect.ignore(Effect.flatMap(LocalDeployer.LocalDeployer, (deployer) => deployer.delete("followed")))
        )
      ),
    60_000
  )
})
