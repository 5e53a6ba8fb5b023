// The examples for real: bundled, served by a process of this machine, called over HTTP.
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { BigDecimal, Chunk, Effect, Layer, Stream } from "effect"
import { Client, Deployer, Snapshot, Stack } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import * as Forecasts from "./composed-app/forecasts.js"
import { DocumentEmpty, documents } from "./documents.js"
import { heldOut } from "./iris/data.js"
import { iris } from "./iris.js"
import { shipping } from "./shipping-contract.js"
import { shop } from "./shop/shop.js"

const TestLive = Layer.provideMerge(
  Client.layerRegistry,
  Layer.unwrapScoped(
    Effect.map(
      Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "examples-" })),
      (home) => Embedded.layer({ home })
    )
  ).pipe(Layer.provideMerge(NodeContext.layer))
)

const deploy = (file: string, name: string) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      return yield* deployer.provision(yield* Snapshot.fromFile(file), { name })
    }),
    () => Effect.flatMap(Deployer.Deployer, (deployer) => Effect.orDie(deployer.delete(name)))
  )

layer(TestLive, { excludeTestServices: true })("examples", (it) => {
  it.scoped("iris tells more than nine of ten flowers it never saw, over HTTP", () =>
    Effect.gen(function* () {
      yield* deploy("examples/iris.ts", "iris")
      const predictions = yield* Effect.forEach(
        heldOut,
        ({ measures: [sepalLength, sepalWidth, petalLength, petalWidth] }) =>
          Client.make(iris, "iris").invoke({ sepalLength, sepalWidth, petalLength, petalWidth }),
        { concurrency: 8 }
      )
      const right = predictions.filter(({ species }, row) => species === heldOut[row]?.species)
      expect(right.length / heldOut.length).toBeGreaterThan(0.9)
      for (const { modelInfo, probabilities } of predictions) {
        expect(Object.values(probabilities).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
        expect(modelInfo.trainedOn).toBe(120)
      }
    })
  )

  it.scoped("the shop calls the catalog of the same settings file, with its URL and its key", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const names = ["shop-staging", "catalog-staging"]
      yield* Effect.addFinalizer(() => Effect.forEach(names, (name) => Effect.orDie(deployer.delete(name))))
      const load = Stack.load({ file: "examples/shop/deployers.config.ts", stage: "staging" })
      const first = yield* Stack.deploy(yield* load)
      expect(first.deployments.map(({ changed, deployment }) => [deployment.name, changed])).toEqual([
        ["catalog-staging", true],
        ["shop-staging", true]
      ])
      expect(yield* Client.make(shop, "shop-staging").invoke({ item: "bread", amount: 4 })).toEqual({ total: 12 })
      expect((yield* Stack.deploy(yield* load)).changed).toBe(false)
    })
  )

  it.scoped("a document is answered passage by passage, and as a list to a caller that waits", () =>
    Effect.gen(function* () {
      yield* deploy("examples/documents.ts", "documents")
      const { invoke, stream } = Client.make(documents, "documents")
      const document = "Rivers carry water. Rivers carry sand, water and rivers of ice.\n\nA short end."
      const passages = Chunk.toReadonlyArray(yield* Stream.runCollect(stream({ document })))
      expect(passages).toEqual([
        {
          number: 1,
          words: 11,
          summary: "Rivers carry sand, water and rivers of ice.",
          keywords: ["rivers", "carry", "water"]
        },
        { number: 2, words: 3, summary: "A short end.", keywords: ["short"] }
      ])
      expect(yield* invoke({ document })).toEqual(passages)
      const error = yield* Effect.flip(Stream.runDrain(stream({ document: " " })))
      expect(error).toBeInstanceOf(DocumentEmpty)
    })
  )

  it.scoped("a client that has the contract alone calls its deployed implementation", () =>
    Effect.gen(function* () {
      yield* deploy("examples/shipping.ts", "shipping")
      const { price } = yield* Client.make(shipping, "shipping").invoke({ country: "SE", kilograms: 4 })
      expect(BigDecimal.format(price)).toBe("29")
    })
  )

  it.scoped("the composed app's service answers, fails as typed and goes away", () =>
    Effect.gen(function* () {
      const deployment = yield* Forecasts.ensure
      yield* Effect.addFinalizer(() => Effect.orDie(Forecasts.remove))
      expect(deployment.status).toBe("running")
      expect(yield* Forecasts.ask("Berlin")).toStrictEqual({ summary: "Berlin: 2°C", temperature: 2 })
      const error = yield* Effect.flip(Forecasts.ask("Atlantis"))
      expect(error).toMatchObject({ _tag: "CityUnknown", city: "Atlantis" })
      yield* Forecasts.remove
      expect((yield* Effect.flip(Forecasts.ask("Berlin")))._tag).toBe("DeploymentNotFound")
    })
  )
})
