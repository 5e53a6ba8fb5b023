// Every state of the deployment's page for keyboards, screen readers, both colour schemes, and the width of a phone.
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import { Input, Pipeline, Run, Session, Step } from "effect-deployers"
import type { Page } from "playwright-core"
import * as Browser from "../Browser.js"
import { key, served } from "../Harness.js"
import { makeLatch, waiting, weather } from "../Pipelines.js"
import { holds } from "./Holds.js"

const onPage = (use: (page: Page) => Promise<void>) =>
  Effect.gen(function* () {
    const { open } = yield* Browser.Browser
    const { page, problems } = yield* open("/")
    yield* Effect.promise(() => use(page))
    assert.deepStrictEqual(problems, [])
  })

const history = Session.make("history", Schema.Array(Schema.String))
const read = Step.make("read", {
  input: Schema.String,
  output: Schema.Struct({ words: Schema.Int }),
  run: (text) => Effect.succeed({ words: text.split(" ").length })
})
const Shape = Schema.Union(
  Schema.Struct({ _tag: Schema.Literal("Circle"), radius: Schema.Number }),
  Schema.Struct({ _tag: Schema.Literal("Box"), sides: Schema.Array(Schema.Number) })
)
const rich = Pipeline.make("rich", {
  description: "Every kind of field.",
  input: Schema.Struct({
    text: Schema.String.annotations({ description: "Any text.", examples: ["some words"] }),
    when: Schema.optional(Schema.Date),
    place: Schema.Struct({ city: Schema.String, zip: Schema.optional(Schema.String) }),
    tags: Schema.Array(Schema.String),
    shape: Shape,
    weights: Schema.Record({ key: Schema.String, value: Schema.Number }),
    loud: Schema.optionalWith(Schema.Boolean, { default: () => true }),
    mode: Schema.optional(Schema.Literal("fast", "slow")),
    table: Schema.optional(Input.file({ maxBytes: 1000 }))
  }),
  output: Schema.Struct({ words: Schema.Int }),
  error: Session.AnyError,
  session: () => "reader-1",
  run: ({ text }) =>
    Effect.gen(function* () {
      yield* history.update((known = []) => [...known, text])
      yield* Effect.logInfo("reading")
      yield* Run.publish({ progress: 0.5 })
      return yield* read(text)
    })
})

layer(Browser.layer, { excludeTestServices: true })("the deployment's page for every reader", (it) => {
  it.scoped("without its key, with a problem, an answer and a run", () =>
    Effect.provide(
      onPage(async (page) => {
        await page.locator("#lock").waitFor()
        await holds(page, "asks for the key")
        await page.getByLabel("Key of this deployment").fill(key)
        await page.keyboard.press("Enter")
        await page.getByText("There are no runs yet.").waitFor()
        await holds(page, "no runs")
        await page.getByLabel("days").fill("0")
        await page.getByRole("button", { name: "Run", exact: true }).click()
        await page.locator("#fields .bad").getByText("must be").first().waitFor()
        await holds(page, "a problem at a field")
        await page.getByLabel("days").fill("")
        await page.getByLabel("city").fill("Atlantis")
        await page.getByLabel("city").press("Enter")
        await page.locator("#said").getByText("CityUnknown").waitFor()
        await holds(page, "a failure")
        await page.locator("#rows a").first().click()
        await page.locator("#run summary", { hasText: "Error" }).waitFor()
        await holds(page, "a failed run")
      }),
      served(weather, { key })
    )
  )
  it.scoped("with every kind of field, a run with its log and artifacts, and a session", () =>
    Effect.provide(
      onPage(async (page) => {
        await page.getByRole("button", { name: "Fill in the example" }).click()
        await page.getByRole("button", { name: "Add when" }).waitFor({ state: "detached" })
        await holds(page, "a form of every kind")
        await page.locator("summary", { hasText: "As code" }).click()
        await page.getByLabel("TypeScript").check()
        await page.getByRole("button", { name: "Run", exact: true }).click()
        await page.locator("#said").getByText("succeeded").waitFor()
        await page.locator("#rows a").first().click()
        await page.locator("#run summary", { hasText: "Log" }).click()
        await page.locator("#run").getByText("reading").waitFor()
        await page.locator("#run summary", { hasText: "Artifacts" }).click()
        await page.getByRole("button", { name: "Show artifact read" }).click()
        await page.locator("#run").getByText('{"words":2}').waitFor()
        await page.locator("#run").getByRole("link", { name: "reader-1" }).click()
        await page.locator("#session").getByText("history, version 1").waitFor()
        await holds(page, "a run and a session")
      }),
      served(rich)
    )
  )
  it.scoped("while a run is in progress", () =>
    Effect.gen(function* () {
      const latch = yield* makeLatch
      yield* Effect.provide(
        onPage(async (page) => {
          await page.getByLabel("stream").check()
          await page.getByRole("button", { name: "Run", exact: true }).click()
          await page.locator("#answer .step").waitFor()
          await page.locator("#rows a").first().click()
          await page.locator("#run summary", { hasText: "Send a signal" }).click()
          await holds(page, "a run in progress")
          await Effect.runPromise(Deferred.succeed(latch.release, undefined))
          await page.locator("#said").getByText("succeeded").waitFor()
        }),
        served(waiting(latch))
      )
    })
  )
})
