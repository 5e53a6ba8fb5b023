// The app for real: deployed, opened in a browser, and answered by its pipeline.
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Deployer, Snapshot } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { Serve } from "effect-deployers/Server"
import * as Browser from "../../test/Server/Browser.js"

const TestLive = Layer.unwrapScoped(
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "app-" })),
    (home) => Embedded.layer({ home })
  )
).pipe(Layer.provideMerge(NodeContext.layer), Layer.merge(Browser.layer))

layer(TestLive, { excludeTestServices: true })("a single-page app with its pipeline", (it) => {
  it.scoped("asks for a quote at its own origin, and shows the failure of the pipeline", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* Effect.addFinalizer(() => Effect.orDie(deployer.delete("quotes")))
      const deployed = yield* deployer.provision(yield* Snapshot.fromFile("examples/app/quote.ts"), {
        name: "quotes",
        settings: { auth: { _tag: "none" } }
      })
      const { url = "" } = deployed
      const { open } = yield* Browser.Browser
      const served = { url, host: "127.0.0.1", port: 0, warmUp: Effect.void, drain: Effect.void }
      const { page, problems } = yield* Effect.provideService(open("/"), Serve.Served, served)
      yield* Effect.promise(async () => {
        const ask = async (street: string, expected: string) => {
          await page.getByLabel("Courier to").fill(street)
          await page.getByRole("button", { name: "Ask for a quote" }).click()
          await page.locator("#quote").getByText(expected).waitFor()
        }
        await page.getByLabel("Customer").fill("ada")
        await page.getByLabel("Product").selectOption("table")
        await ask("", "249 with delivery; 0 earlier quotes.")
        await ask("Main Street 1", "260 with delivery; 1 earlier quotes.")
        await page.getByLabel("Count").fill("99")
        await ask("Main Street 1", "792 kg are more than a courier carries")
        await page.goto(`${url}/page`)
        await page.locator("#rows").getByText("failed").first().waitFor()
      })
      assert.deepStrictEqual(problems, [])
    })
  )
})
