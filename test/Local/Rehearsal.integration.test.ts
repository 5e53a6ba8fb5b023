import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer, Errors, Snapshot } from "effect-deployers"
import { layerEmbedded } from "./fixture.js"

const pipelines = fileURLToPath(new URL("../pipelines", import.meta.url))

const mischievous = Snapshot.fromFile(`${pipelines}/mischievous.ts`)

const provision = (mischief: string, timeoutMillis = 30_000) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer.Deployer
    const settings = { environment: { MISCHIEF: mischief }, minHealthyMillis: 1_000, timeoutMillis }
    return yield* deployer.provision(yield* mischievous, { name: "rehearsed", settings })
  })

/** No deployment of the name serves after a failed first deploy. */
const nothingServes = Effect.gen(function* () {
  const deployer = yield* Deployer.Deployer
  assert.deepStrictEqual(yield* deployer.list({ status: "running" }), [])
})

layer(layerEmbedded, { excludeTestServices: true, timeout: "2 minutes" })("a first deploy of a local process", (it) => {
  it.effect("fails when the module throws while it is loaded", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(provision("throws"))
      assert.instanceOf(error, Errors.DeploymentProvisionFailed)
      assert.include(error.message, "it throws while it is loaded")
      yield* nothingServes
    })
  )

  it.effect("fails when a layer fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(provision("crashes"))
      assert.instanceOf(error, Errors.DeploymentProvisionFailed)
      assert.include(error.message, "it cannot build its warm state")
      yield* nothingServes
    })
  )

  it.effect("ends at its deadline when a layer hangs", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(provision("sulks", 3_000))
      assert.instanceOf(error, Errors.DeploymentTimeout)
      assert.include(error.message, "it is never ready")
      yield* nothingServes
    })
  )

  it.effect("fails when the service ends 400 ms after its warm state is built", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(provision("collapses"))
      assert.instanceOf(error, Errors.DeploymentProvisionFailed)
      assert.include(error.message, "it ends soon after it became healthy")
      yield* nothingServes
    })
  )
})
