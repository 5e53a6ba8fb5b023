import { assert, layer } from "@effect/vitest"
import { DateTime, Deferred, Effect, Layer, Schema, type Scope } from "effect"
import { Pipeline } from "effect-deployers"
import { Serve } from "effect-deployers/Server"
import type { Page } from "playwright-core"
import * as Intake from "../../../src/Deployment/Intake.js"
import { IntakeSource } from "../../../src/Server/Run/Intake.js"
import * as Browser from "../Browser.js"
import * as Together from "../Cluster/Together.js"
import { invoke, key, memory, quiet, served } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"
import { tokenOf } from "../ShareTokens.js"

/** Opens the page, uses it, and expects no error in the console. */
const onPage = <A>(
  use: (page: Page) => Promise<A>,
  path = "/"
): Effect.Effect<A, never, Browser.Browser | Serve.Served | Scope.Scope> =>
  Effect.gen(function* () {
    const { open } = yield* Browser.Browser
    const { page, problems } = yield* open(path)
    const result = yield* Effect.promise(() => use(page))
    assert.deepStrictEqual(problems, [])
    return result
  })

/** The deployment of the services of these suites. */
const { id } = Serve.manifestTest(weather).deployment

const enter = async (page: Page, given: string) => {
  await page.getByLabel("Key of this deployment").fill(given)
  await page.getByRole("button", { name: "Use key" }).click()
}
const run = (page: Page) => page.getByRole("button", { name: "Run", exact: true }).click()
const seen = (page: Page, within: string, text: string) => page.locator(within).getByText(text).first().waitFor()

layer(Browser.layer, { excludeTestServices: true })("the page of a deployment in a browser", (it) => {
  it.layer(served(weather, { key }))("with a key", (it) => {
    it.scoped("asks for the key, keeps it for the tab and forgets it", () =>
      onPage(async (page) => {
        await seen(page, "#name", "test")
        await seen(page, "#health", "ready")
        await seen(page, "#runsSaid", "The runs need the key.")
        await page.getByLabel("city").fill("Oslo")
        await run(page)
        await seen(page, "#lockSaid", "Running the pipeline needs the key.")
        await enter(page, `${key}x`)
        await seen(page, "#lockSaid", "The key is not accepted.")
        await enter(page, key)
        await page.locator("#runsPart").waitFor()
        assert.isFalse(await page.locator("#lock").isVisible())
        await page.reload()
        await page.locator("#runsPart").waitFor()
        assert.notInclude(page.url(), key)
        await page.getByRole("button", { name: "Forget" }).click()
        await page.locator("#lock").waitFor()
        await page.locator("#runsPart").waitFor({ state: "hidden" })
      })
    )
    it.scoped("runs the pipeline with the values of the form and shows the answer, the run and its steps", () =>
      onPage(async (page) => {
        await enter(page, key)
        await page.getByLabel("city").fill("Oslo")
        await page.getByLabel("unit").selectOption("F")
        await page.getByText("As code").click()
        const curl = await page.locator("#snippet").textContent()
        assert.include(curl ?? "", "authorization: Bearer $KEY")
        assert.include(curl ?? "", `-d '{"parameters":{"city":"Oslo","days":1,"unit":"F"}}'`)
        await page.getByLabel("city").press("Enter")
        await seen(page, "#answer", `"summary": "Oslo: 4F"`)
        await page.locator("#rows a").first().click()
        for (const text of ["forecast", "forecast#2", `"summary": "Oslo: 4F"`]) await seen(page, "#run", text)
        assert.match(page.url(), /#run\/[0-9a-f-]{36}$/)
        await page.getByRole("link", { name: "Close" }).click()
        await page.locator("#run").waitFor({ state: "hidden" })
        await page
          .locator("#charts")
          .getByText(/resident \d/)
          .first()
          .waitFor()
      })
    )
    it.scoped("opens by a share link, which leaves the address, and shows nothing that the link does not permit", () =>
      onPage(
        async (page) => {
          await page.locator("#runsPart").waitFor()
          await seen(page, "#facts", "reads until")
          assert.notInclude(page.url(), "share")
          assert.isTrue(await page.locator("#go").isDisabled())
          assert.isFalse(await page.locator("#lock").isVisible())
          await page.reload()
          await page.locator("#runsPart").waitFor()
          await page.goto(page.url().replace(/#.*|$/, `#share=${tokenOf(key, id, { expiresAt: 1 })}`))
          await seen(page, "#lockSaid", "The link has expired or was revoked.")
          await enter(page, key)
          await page.locator("#lock").waitFor({ state: "hidden" })
          assert.isTrue(await page.locator("#go").isEnabled())
        },
        `/#share=${tokenOf(key, id)}`
      )
    )
    it.scoped("shows a problem at its field, and the failure of the pipeline", () =>
      onPage(async (page) => {
        await enter(page, key)
        await page.getByLabel("city").fill("Oslo")
        await page.getByLabel("days").fill("0")
        await run(page)
        const days = page.locator("#fields > div", { has: page.getByLabel("days") })
        await days.getByText("must be a positive number").waitFor()
        assert.strictEqual(await page.getByLabel("days").getAttribute("aria-invalid"), "true")
        await page.getByLabel("days").fill("")
        await page.getByLabel("city").fill("")
        await run(page)
        await page
          .locator("#fields > div", { has: page.getByLabel("city") })
          .getByText("is missing")
          .waitFor()
        await page.getByLabel("city").fill("Atlantis")
        await run(page)
        await seen(page, "#said", "404 CityUnknown: Atlantis is not a known city.")
        await page.getByLabel("Status").selectOption("failed")
        await page.locator("#rows .succeeded").first().waitFor({ state: "detached" })
        await seen(page, "#rows", "failed")
      })
    )
    it.scoped("submits by Enter a text of one line, and adds a line to a longer one", () =>
      onPage(async (page) => {
        await enter(page, key)
        const city = page.getByLabel("city")
        await city.fill("Oslo")
        await city.press("Shift+Enter")
        await city.press("Enter")
        assert.strictEqual(await city.inputValue(), "Oslo\n\n")
        assert.strictEqual(await page.locator("#answer").textContent(), "")
        await city.fill("Oslo")
        await city.press("Enter")
        await seen(page, "#answer", `"summary": "Oslo: 4C"`)
      })
    )
    it.scoped("covers nothing of a run with the charts", () =>
      onPage(async (page) => {
        await page.setViewportSize({ width: 1280, height: 900 })
        await enter(page, key)
        await page.getByLabel("city").fill("Oslo")
        await run(page)
        await seen(page, "#answer", `"summary": "Oslo: 4C"`)
        await page.locator("#rows a").first().click()
        await page.locator("#run .step").first().waitFor()
        await page.locator("#run").scrollIntoViewIfNeeded()
        const charts = await page.getByRole("region", { name: "Live" }).boundingBox()
        const shown = await page.locator("#run").boundingBox()
        assert.isAtLeast(shown?.y ?? 0, (charts?.y ?? 0) + (charts?.height ?? 0))
      })
    )
    it.scoped("draws charts of the metrics in the colours of the system", () =>
      onPage(async (page) => {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme })
          await page.reload()
          await page.getByRole("img", { name: "Memory MB, the last minutes" }).locator("canvas").waitFor()
          assert.strictEqual(await page.locator("#charts canvas").count(), 4)
        }
      })
    )
    it.scoped("turns the pages of the runs", () =>
      Effect.gen(function* () {
        const headers = { authorization: `Bearer ${key}` }
        yield* Effect.forEach(Array.from({ length: 20 }), (_, i) =>
          invoke({ city: "Oslo" }, { runName: `turned-${i}` }, { headers })
        )
        yield* onPage(async (page) => {
          await enter(page, key)
          await seen(page, "#rows", "turned-19")
          assert.strictEqual(await page.getByText("turned-0", { exact: true }).count(), 0)
          await page.getByRole("button", { name: "Older" }).click()
          await page.getByText("turned-0", { exact: true }).waitFor()
          await page.getByRole("button", { name: "Newer" }).click()
          await seen(page, "#rows", "turned-19")
        })
      })
    )
    it.scoped("takes parameters as JSON, too", () =>
      onPage(async (page) => {
        await enter(page, key)
        await page.getByLabel("city").fill("Rome")
        await page.getByLabel("raw JSON").check()
        // The defaults of the Schema are in the form.
        const filled = JSON.parse(await page.getByLabel("Parameters as JSON").inputValue())
        assert.deepStrictEqual(filled, { city: "Rome", days: 1, unit: "C" })
        await page.getByLabel("Parameters as JSON").fill("{")
        await run(page)
        await seen(page, "#rawSaid", "This is not JSON")
        await page.getByLabel("Parameters as JSON").fill(`{ "city": "Paris", "country": "FR" }`)
        await run(page)
        await seen(page, "#answer", "parameters.country is not expected")
        await page.getByLabel("raw JSON").uncheck()
        assert.strictEqual(await page.getByLabel("city").inputValue(), "Paris")
      })
    )
  })

  it.scoped("shows each problem of a field", () => {
    const place = Schema.Struct({ latitude: Schema.Number, longitude: Schema.Number })
    const pipeline = Pipeline.make("places", {
      input: Schema.Struct({ place }),
      output: Schema.String,
      run: () => Effect.succeed("found")
    })
    const use = async (page: Page) => {
      await page.getByLabel("latitude").fill("north")
      await page.getByLabel("longitude").fill("east")
      await run(page)
      for (const name of ["latitude", "longitude"]) {
        const field = page.locator("#fields fieldset > div", { has: page.getByLabel(name) })
        await field.locator(".bad").getByText("must be a number").waitFor()
        assert.strictEqual(await page.getByLabel(name).getAttribute("aria-invalid"), "true")
      }
    }
    return Effect.provide(onPage(use), served(pipeline))
  })
  it.scoped("shows the steps of a run as they start and end", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      const use = async (page: Page) => {
        await seen(page, "#fieldsSaid", "It takes no parameters.")
        await seen(page, "#facts", "not needed")
        await page.getByLabel("stream").check()
        await run(page)
        await seen(page, "#answer .step", "running")
        await Effect.runPromise(Deferred.succeed(latch.release, undefined))
        await seen(page, "#said", "The run has ended: succeeded.")
        await seen(page, "#answer details[open]", `"released"`)
        await seen(page, "#rows", "succeeded")
      }
      yield* Effect.provide(onPage(use), served(waiting(latch)))
    })
  )
  it.scoped("cancels its own runs and those of other callers", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      const use = async (page: Page) => {
        await page.getByLabel("stream").check()
        await run(page)
        await seen(page, "#answer .step", "running")
        await page.locator("#try").getByRole("button", { name: "Cancel" }).click()
        await seen(page, "#answer", "interrupted: cancelled")
        await page.getByLabel("stream").uncheck()
        await run(page)
        await page.locator("#rows").getByRole("button", { name: "Cancel" }).click()
        await seen(page, "#said", "503 RunInterrupted")
      }
      yield* Effect.provide(onPage(use), served(waiting(latch)))
    })
  )
  it.scoped("names the parts that are switched off, and still runs the pipeline", () => {
    const serving = {
      rootUrlPath: "/svc",
      invokeUrlPath: "/predict",
      disabledEndpoints: ["docs", "info", "metrics"],
      recording: "none"
    } as const
    const use = async (page: Page) => {
      await seen(page, "#fieldsSaid", "info and docs are switched off")
      await seen(page, "#chartsSaid", "Metrics are switched off here.")
      await seen(page, "#runsSaid", "This deployment records no runs.")
      await seen(page, "#health", "ready")
      assert.strictEqual(await page.locator("#links a").count(), 1)
      await page.getByLabel("Parameters as JSON").fill(`{ "city": "Oslo" }`)
      await run(page)
      await seen(page, "#answer", `"summary": "Oslo: 4C"`)
    }
    return Effect.provide(onPage(use, "/svc/"), served(weather, { serving }))
  })
  it.scoped("shows protected parts with the key, and the schema from the OpenAPI document without it", () => {
    const serving = { protectedEndpoints: ["info", "metrics"] } as const
    const use = async (page: Page) => {
      await seen(page, "#name", "weather")
      await page.getByLabel("city").waitFor()
      await seen(page, "#chartsSaid", "The charts need the key.")
      await enter(page, key)
      await seen(page, "#facts", "weather@1")
      await page
        .locator("#charts")
        .getByText(/resident \d/)
        .first()
        .waitFor()
    }
    return Effect.provide(onPage(use), served(weather, { key, serving }))
  })
  it.scoped("shows the service of several workers as one", () => {
    const use = async (page: Page) => {
      await seen(page, "#facts", "Workers")
      await page.getByLabel("city").fill("Oslo")
      await run(page)
      await page.locator("#answer a").click()
      await seen(page, "#run", "forecast#2")
    }
    const together = Layer.provideMerge(Together.layer(weather, {}), memory())
    return Effect.provide(onPage(use), Layer.provide(together, quiet))
  })
  it.scoped("shows the message of a maintenance, as text", () => {
    const since = DateTime.unsafeMake(0)
    const message = "Back at 14:00 <b>o'clock</b>."
    const contents = Intake.Maintenance.make({ since, message, retryAfterSeconds: 60 })
    const source = Layer.succeed(IntakeSource, { of: () => ({ changed: () => ({ contents }) }) })
    const use = async (page: Page) => {
      await seen(page, "#health", `maintenance: ${message}`)
      await page.getByLabel("city").fill("Oslo")
      await run(page)
      await seen(page, "#said", `503 ServiceInMaintenance: ${message}`)
    }
    return Effect.provide(onPage(use), Layer.provide(served(weather), source))
  })
  it.scoped("G27: shows hostile names and values as text", () => {
    const hostile = "<img src=x onerror=alert(1)>"
    const pipeline = Pipeline.make(hostile, {
      description: hostile,
      input: Schema.Struct({ [hostile]: Schema.String.annotations({ description: hostile }) }),
      output: Schema.String,
      run: () => Effect.succeed(hostile)
    })
    const use = async (page: Page) => {
      await seen(page, "#about", hostile)
      await page.locator("#fields textarea").fill(hostile)
      await run(page)
      await seen(page, "#answer", hostile)
      await page.locator("#rows a").first().click()
      await seen(page, "#run", hostile)
      assert.strictEqual(await page.locator("img").count(), 0)
    }
    return Effect.provide(onPage(use), served(pipeline))
  })
})
