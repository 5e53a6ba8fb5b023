// The page over all deployments in a real browser.
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer } from "effect-deployers"
import { DeployerFixture, InMemoryFixture } from "effect-deployers/Conformance"
import type { Page } from "playwright-core"
import * as Browser from "../Server/Browser.js"
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
        await Effect.runPromise(deployer.provision(healthy, { name: "weather" }))
        await seen(page, "#rows", "running")
        await seen(page, "#rows", "healthy@1")
        await Effect.runPromise(deployer.deprovision("weather"))
        await seen(page, "#rows", "absent")
        await seen(page, "#said", "1 deployment: 1 absent.")
      })
    }).pipe(Effect.provide(InMemoryFixture.layer))
  )

  it.scoped("says that its address was used before", () =>
    Effect.gen(function* () {
      const { openUrl } = yield* Browser.Browser
      const { exchange, firstUrl, token } = yield* served
      yield* exchange(token)
      const { page } = yield* openUrl(firstUrl)
      yield* Effect.promise(() => seen(page, "#notice", "This address was used before"))
    }).pipe(Effect.provide(InMemoryFixture.layer))
  )
})
