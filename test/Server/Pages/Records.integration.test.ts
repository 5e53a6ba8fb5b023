// Runs, schedules and sessions on the deployment's page, in a real browser.
import { assert, layer } from "@effect/vitest"
import { Effect, Ref, Schedule, Schema, Stream } from "effect"
import { Pipeline, Run, Session, Step } from "effect-deployers"
import type { Page } from "playwright-core"
import * as Browser from "../Browser.js"
import { invoke, newest, request, served } from "../Harness.js"

const onPage = (use: (page: Page) => Promise<void>) =>
  Effect.gen(function* () {
    const { open } = yield* Browser.Browser
    const { page, problems } = yield* open("/")
    yield* Effect.promise(() => use(page))
    assert.deepStrictEqual(problems, [])
  })

const click = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click()
const seen = (page: Page, within: string, text: string | RegExp) =>
  page.locator(within).getByText(text).first().waitFor()

const approval = Pipeline.make("approval", {
  input: Schema.Struct({}),
  output: Schema.Struct({ by: Schema.String }),
  run: () => Run.waitFor("approval", Schema.Struct({ by: Schema.NonEmptyString }))
})

const history = Session.make("history", Schema.Array(Schema.String))
const chat = Pipeline.make("chat", {
  input: Schema.Struct({ text: Schema.String }),
  output: Schema.Struct({ messages: Schema.Int }),
  error: Session.AnyError,
  session: () => "ada",
  run: ({ text }) =>
    Effect.map(
      history.update((known = []) => [...known, text]),
      (all) => ({ messages: all.length })
    )
})

const nightly = Pipeline.make("nightly", {
  input: Schema.Struct({ day: Schema.String }),
  output: Schema.String,
  run: ({ day }) => Effect.succeed(day)
}).pipe(Pipeline.schedule("nightly", { cron: "0 2 * * *", input: { day: "today" } }))

layer(Browser.layer, { excludeTestServices: true })("the records on the deployment's page", (it) => {
  it.scoped("has the form of a signal that the run waits for", () =>
    Effect.provide(
      onPage(async (page) => {
        await page.getByLabel("stream").check()
        await click(page, "Run")
        await page.locator("#rows a").first().click()
        const form = page.getByRole("form", { name: "Signal approval" })
        await form.getByRole("textbox").fill("")
        await form.getByRole("button", { name: "Send approval" }).click()
        await seen(page, "#run .bad", "is missing")
        await form.getByRole("textbox").fill("Ada")
        await form.getByRole("button", { name: "Send approval" }).click()
        await seen(page, "#answer", `"by": "Ada"`)
        await seen(page, "#run .badge", "succeeded")
      }),
      served(approval)
    )
  )
  it.scoped("sends a signal to a run that waits, and shows what does not fit", () =>
    Effect.provide(
      onPage(async (page) => {
        await page.getByLabel("stream").check()
        await click(page, "Run")
        await page.locator("#rows a").first().click()
        await page.locator("#run summary", { hasText: "Send a signal" }).click()
        await page.getByLabel("Name of the signal").fill("approval")
        await page.getByLabel("Data as JSON").fill(`{ "by": "" }`)
        await click(page, "Send")
        await seen(page, "#run", /by must/)
        await page.getByLabel("Data as JSON").fill(`{ "by": "Ada" }`)
        await click(page, "Send")
        await seen(page, "#answer", `"by": "Ada"`)
        await seen(page, "#run .badge", "succeeded")
      }),
      served(approval)
    )
  )
  it.scoped("shows attempts, the log and the artifacts of a run, and runs it again", () =>
    Effect.gen(function* () {
      const tries = yield* Ref.make(0)
      const flaky = Step.make("flaky", {
        input: Schema.Void,
        output: Schema.Struct({ at: Schema.Int }),
        error: Schema.String,
        retry: Schedule.recurs(3),
        run: () =>
          Effect.gen(function* () {
            const at = yield* Ref.updateAndGet(tries, (n) => n + 1)
            yield* Effect.logWarning(`attempt ${at}`)
            return at % 3 === 0 ? { at } : yield* Effect.fail("not yet")
          })
      })
      const pipeline = Pipeline.make("tries", {
        input: Schema.Struct({}),
        output: Schema.Struct({ at: Schema.Int }),
        error: Schema.String,
        run: () => flaky()
      })
      yield* Effect.provide(
        onPage(async (page) => {
          await click(page, "Run")
          await seen(page, "#said", "succeeded")
          await page.locator("#rows a").first().click()
          await seen(page, "#run .step", /3 attempts/)
          await page.locator("#run summary", { hasText: "Log" }).click()
          await seen(page, "#run", /WARN attempt 3/)
          await page.locator("#run summary", { hasText: "Artifacts" }).click()
          await click(page, "Show artifact flaky")
          await seen(page, "#run", `{"at":3}`)
          const first = page.url()
          await click(page, "Run again")
          await page.waitForURL((url) => url.href !== first)
          await seen(page, "#run details[open] pre", `"at": 6`)
        }),
        served(pipeline)
      )
    })
  )
  it.scoped("lists sessions, shows their states and deletes one", () =>
    Effect.gen(function* () {
      yield* invoke({ text: "hello" })
      yield* onPage(async (page) => {
        await page.locator("#sessionRows a", { hasText: "ada" }).click()
        await seen(page, "#session", "history, version 1")
        await seen(page, "#session", `"hello"`)
        const remove = page.getByRole("button", { name: "Delete session ada" })
        await remove.click()
        await remove.getByText("Delete for ever").waitFor()
        await remove.click()
        await page.locator("#session").waitFor({ state: "hidden" })
        await page.locator("#sessions").waitFor({ state: "hidden" })
      })
      assert.strictEqual((yield* request("/sessions/ada")).status, 404)
    }).pipe(Effect.provide(served(chat)))
  )
  it.scoped("pauses and resumes a trigger", () =>
    Effect.provide(
      onPage(async (page) => {
        await seen(page, "#triggers", "orders")
        await click(page, "Pause orders")
        await seen(page, "#triggers", /^paused/)
        await click(page, "Resume orders")
        await page.getByRole("button", { name: "Pause orders" }).waitFor()
      }),
      served(nightly.pipe(Pipeline.trigger("orders", { messages: Stream.never })))
    )
  )
  it.scoped("pauses, resumes and fires a schedule", () =>
    Effect.gen(function* () {
      yield* onPage(async (page) => {
        await seen(page, "#schedules", "nightly")
        await seen(page, "#schedules", /next/)
        await click(page, "Pause nightly")
        await seen(page, "#schedules", "paused")
        await click(page, "Fire now nightly")
        await seen(page, "#run .badge", "succeeded")
        await click(page, "Resume nightly")
        await seen(page, "#schedules", /next/)
      })
      assert.deepStrictEqual((yield* newest).parameters, { day: "today" })
    }).pipe(Effect.provide(served(nightly)))
  )
})
