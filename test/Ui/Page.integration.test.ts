// The page over all deployments in a real browser.
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { Deployer } from "effect-deployers"
import { DeployerFixture, InMemoryFixture } from "effect-deployers/Conformance"
import { ControlRecords } from "effect-deployers/Control"
import type { Page } from "playwright-core"
import * as Fixtures from "../../src/Conformance/StoreSuite/Fixtures.js"
import { RunNotFound } from "../../src/Contract/Errors.js"
import * as Browser from "../Server/Browser.js"
import { holds } from "../Server/Pages/Holds.js"
import { served } from "./Served.js"

/** Opens the page, uses it, and expects no error in the console. */
const onPage = (use: (page: Page) => Promise<void>) =>
  Effect.gen(function* () {
    const { openUrl } = yield* Browser.Browser
    const { firstUrl } = yield* served
    const { page, problems } = yield* openUrl(firstUrl)
    yield* Effect.promise(() => use(page))
    assert.deepStrictEqual(problems, [])
  })

const seen = (page: Page, within: string, text: string) => page.locator(within).getByText(text).first().waitFor()
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click()

const at = DateTime.unsafeMake("2026-11-30T12:00:00Z")
const summary = { id: Fixtures.id(1), index: 1, name: "forecast-1", status: "succeeded", startedAt: at } as const
const step = { name: "forecast", status: "succeeded", attempts: 1, startedAt: at, executionTimeMillis: 5 } as const
const run = { ...summary, parameters: { city: "Oslo" }, outputs: { degrees: 4 }, steps: [step] }

/** The records of the registry, with one run of each deployment. */
const layerRecords = Layer.effect(
  ControlRecords.Records,
  Effect.map(ControlRecords.make, (records) => ({
    ...records,
    runs: () => Effect.succeed({ runs: [summary] }),
    run: (_: string, id: string) =>
      id === run.id ? Effect.succeed(run) : Effect.fail(new RunNotFound({ runId: id, message: "There is none." }))
  }))
)
const World = Layer.provideMerge(layerRecords, InMemoryFixture.layer)

layer(Browser.layer, { excludeTestServices: true })("the page over all deployments", (it) => {
  it.scoped("opens once, keeps its session across a reload, and shows the deployments as they are", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { healthy } = yield* DeployerFixture.DeployerFixture
      yield* onPage(async (page) => {
        await seen(page, "#empty", "There are no deployments yet")
        assert.strictEqual(new URL(page.url()).hash, "")
        await page.reload()
        await seen(page, "#empty", "There are no deployments yet")
        await holds(page, "no deployments")
        await Effect.runPromise(deployer.provision(healthy, { name: "weather" }))
        await seen(page, "#rows", "running")
        await seen(page, "#rows", "healthy@1")
        await holds(page, "the list")
        await Effect.runPromise(deployer.deprovision("weather"))
        await seen(page, "#rows", "absent")
        await seen(page, "#said", "1 deployment: 1 absent.")
      })
    }).pipe(Effect.provide(World))
  )

  it.scoped("shows a deployment with its generations, events and runs, and acts on it after a confirmation", () =>
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      const { another, healthy } = yield* DeployerFixture.DeployerFixture
      yield* deployer.provision(healthy, { name: "weather" })
      yield* deployer.provision(another, { name: "weather" })
      const key = yield* deployer.authKey("weather")
      const status = () => Effect.runPromise(Effect.map(deployer.get("weather"), (one) => one.status))
      yield* onPage(async (page) => {
        const bodies: Array<Promise<string>> = []
        page.on("response", (response) => {
          if (!response.url().includes("/logs")) bodies.push(response.text().catch(() => ""))
        })
        await page.getByRole("link", { name: "weather" }).press("Enter")
        await seen(page, "#detailStatus", "running")
        await seen(page, "#generations", "current")
        await seen(page, "#events", "provision")
        await page.locator("#runRows a").first().press("Enter")
        await page.locator("#run .step").waitFor()
        await seen(page, "#run", '"degrees": 4')
        await page.locator("#events summary").first().click()
        await holds(page, "a deployment with a run")

        await press(page, "Stop")
        await seen(page, "#dialog", 'Stop the deployment "weather"?')
        await holds(page, "a confirmation")
        await press(page, "Cancel")
        assert.strictEqual(await status(), "running")
        await press(page, "Stop")
        await press(page, "Stop weather")
        await seen(page, "#detailStatus", "absent")
        await press(page, "Start")
        await press(page, "Start weather")
        await seen(page, "#detailStatus", "running")
        await press(page, "Roll back to generation 1")
        await page.locator("#confirm").click()
        await seen(page, "#facts", "healthy@1")
        await press(page, "Delete")
        assert.isTrue(await page.locator("#confirm").isDisabled())
        await page.getByLabel("Name of the deployment").fill("weather")
        await press(page, "Delete weather")
        await seen(page, "#empty", "There are no deployments yet")
        const sent = (await Promise.all(bodies)).join("\n")
        assert.include(sent, "weather")
        assert.notInclude(sent, key === undefined ? "no key" : Redacted.value(key))
      })
    }).pipe(Effect.provide(World))
  )

  it.scoped("says that its address was used before", () =>
    Effect.gen(function* () {
      const { openUrl } = yield* Browser.Browser
      const { exchange, firstUrl, token } = yield* served
      yield* exchange(token)
      const { page } = yield* openUrl(firstUrl)
      yield* Effect.promise(() => seen(page, "#notice", "This address was used before"))
    }).pipe(Effect.provide(World))
  )
})
