// The form of the deployment's page for every kind of schema, in a real browser.
import { assert, layer } from "@effect/vitest"
import { Effect, Ref, Schema, Stream } from "effect"
import { Input, Pipeline, Run } from "effect-deployers"
import type { Page } from "playwright-core"
import * as Browser from "../Browser.js"
import { newest, served } from "../Harness.js"

const onPage = (use: (page: Page) => Promise<void>) =>
  Effect.gen(function* () {
    const { open } = yield* Browser.Browser
    const { page, problems } = yield* open("/")
    yield* Effect.promise(() => use(page))
    assert.deepStrictEqual(problems, [])
  })

const run = async (page: Page, expected = "succeeded") => {
  await page.getByRole("button", { name: "Run", exact: true }).click()
  await page.locator("#said").getByText(expected).first().waitFor()
}
const add = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click()

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend(() => Tree))
}).annotations({ identifier: "Tree" })

const kinds = Pipeline.make("kinds", {
  input: Schema.Struct({
    text: Schema.String.annotations({ examples: ["some words"] }),
    count: Schema.Int.pipe(Schema.between(1, 9)),
    when: Schema.Date,
    place: Schema.Struct({ city: Schema.String, zip: Schema.optional(Schema.NonEmptyString) }),
    tags: Schema.Array(Schema.NonEmptyString),
    shape: Schema.Union(
      Schema.Struct({ _tag: Schema.Literal("Circle"), radius: Schema.Number }),
      Schema.Struct({ _tag: Schema.Literal("Box"), sides: Schema.Array(Schema.Positive) })
    ),
    weights: Schema.Record({ key: Schema.String, value: Schema.Number }),
    loud: Schema.optionalWith(Schema.Boolean, { default: () => true }),
    mode: Schema.Literal("fast", "slow"),
    note: Schema.NullOr(Schema.String),
    tree: Schema.optional(Tree),
    owner: Schema.optional(Schema.Struct({ name: Schema.String }))
  }),
  output: Schema.String,
  run: () => Effect.succeed("done")
})

const fill = async (page: Page) => {
  await page.getByLabel("text *").fill("a\nb")
  await page.getByLabel("count").fill("3")
  await page.getByLabel("when").fill("2026-05-01T10:00:00")
  await page.getByLabel("city").fill("Oslo")
  await add(page, "Add item to tags")
  await page.getByLabel("tags 1").fill("one")
  await add(page, "Add item to tags")
  await page.getByLabel("tags 2").fill("two")
  await page.getByLabel("Kind of shape").selectOption("Box")
  await add(page, "Add item to sides")
  await page.getByLabel("sides 1").fill("2.5")
  await add(page, "Add entry to weights")
  await page.getByLabel("weights name 1").fill("heavy")
  await page.getByLabel("weights value 1").fill("7")
  await page.getByLabel("loud").uncheck()
  await page.getByLabel("mode").selectOption("slow")
  await page.getByLabel("Kind of note").selectOption("null")
}

const expected = {
  text: "a\nb",
  count: 3,
  place: { city: "Oslo" },
  tags: ["one", "two"],
  shape: { _tag: "Box", sides: [2.5] },
  weights: { heavy: 7 },
  loud: false,
  mode: "slow",
  note: null
}

const page = Pipeline.make("page", {
  input: Schema.Struct({ at: Schema.String }),
  output: Schema.String,
  run: ({ at }) => Effect.succeed(`page ${at}`)
})
const sum = Pipeline.make("sum", {
  input: Schema.Struct({ terms: Schema.Array(Schema.Number) }),
  output: Schema.Number,
  run: ({ terms }) => Effect.succeed(terms.reduce((all, term) => all + term, 0))
})

layer(Browser.layer, { excludeTestServices: true })("the form of the deployment's page", (it) => {
  it.scoped("sends values of every kind, and keeps them in JSON and back", () =>
    Effect.gen(function* () {
      yield* onPage(async (page) => {
        await fill(page)
        await page.getByLabel("raw JSON").check()
        const text = await page.getByLabel("Parameters as JSON").inputValue()
        const { when, ...others } = JSON.parse(text)
        assert.deepStrictEqual(others, expected)
        await page
          .getByLabel("Parameters as JSON")
          .fill(JSON.stringify({ ...expected, when, tags: ["x"], owner: { name: "Ada" } }))
        await page.getByLabel("raw JSON").uncheck()
        assert.strictEqual(await page.getByLabel("tags 1").inputValue(), "x")
        assert.strictEqual(await page.getByLabel("sides 1").inputValue(), "2.5")
        await run(page)
      })
      const { parameters } = yield* newest
      assert.deepInclude(parameters as object, { ...expected, tags: ["x"], owner: { name: "Ada" } })
    }).pipe(Effect.provide(served(kinds)))
  )
  it.scoped("shows each problem at its field, however deep, and fills in an example", () =>
    Effect.provide(
      onPage(async (page) => {
        await add(page, "Fill in the example")
        await page.getByLabel("tags 1").fill("")
        await page.getByLabel("count").fill("99")
        await page.getByLabel("Kind of shape").selectOption("Box")
        await add(page, "Add item to sides")
        await page.getByLabel("sides 1").fill("-1")
        await add(page, "Add tree")
        await add(page, "Add item to children")
        await run(page, "400 InvalidRequest")
        const invalid = page.locator('#fields [aria-invalid="true"]')
        const names = await invalid.evaluateAll((nodes) => nodes.map((node) => node.getAttribute("name")))
        assert.includeMembers(names, ["count", "sides 1"])
        await add(page, "Leave out tree")
        await page.getByLabel("count").fill("1")
        await page.getByLabel("sides 1").fill("1")
        await page.getByLabel("tags 1").fill("t")
        await run(page)
        await add(page, "Remove item 1 of tags")
        await page.getByText("As code").click()
        assert.include((await page.locator("#snippet").textContent()) ?? "", '"tags":[]')
      }),
      served(kinds)
    )
  )
  it.scoped("writes the present input as curl, as TypeScript and for the command line", () =>
    Effect.provide(
      onPage(async (page) => {
        await page.getByLabel("at *").fill("it's here")
        await page.getByText("As code").click()
        const shown = async () => (await page.locator("#snippet").textContent()) ?? ""
        assert.include(await shown(), `-d '{"parameters":{"at":"it'\\''s here"}}'`)
        await page.getByLabel("TypeScript").check()
        assert.include(await shown(), `import { page } from "./page.js"`)
        assert.include(await shown(), `Client.make(page, "test").invoke({\n  "at": "it's here"\n})`)
        await page.getByLabel("Command line").check()
        assert.strictEqual(await shown(), `deployers invoke test --at 'it'\\''s here'`)
      }),
      served(page)
    )
  )
  it.scoped("offers each pipeline of a group with its own fields", () =>
    Effect.gen(function* () {
      yield* onPage(async (browser) => {
        await browser.getByLabel("at *").fill("1")
        await run(browser)
        await browser.locator("#answer").getByText('"page 1"').waitFor()
        await browser.getByLabel("Pipeline").selectOption("sum")
        await add(browser, "Add item to terms")
        await browser.getByLabel("terms 1").fill("many")
        await run(browser, "400 InvalidRequest")
        await browser.locator("#fields .bad").getByText("must be a number").waitFor()
        await browser.getByLabel("terms 1").fill("4")
        await run(browser)
        await browser.getByText("As code").click()
        assert.include((await browser.locator("#snippet").textContent()) ?? "", "/sum/invoke")
        await browser.getByLabel("Pipeline").selectOption("page")
        assert.strictEqual(await browser.getByLabel("at *").inputValue(), "1")
      })
      assert.deepStrictEqual((yield* newest).parameters, { pipeline: "sum", parameters: { terms: [4] } })
    }).pipe(Effect.provide(served(Pipeline.group("both", [page, sum]))))
  )
  it.scoped("sends files beside the parameters", () => {
    const sizes = Pipeline.make("sizes", {
      input: Schema.Struct({ table: Input.file({ maxBytes: 100, contentTypes: ["text/csv"] }), note: Schema.String }),
      output: Schema.String,
      run: ({ note, table }) => Effect.succeed(`${note}: ${table.name} has ${table.size} bytes`)
    })
    const use = async (page: Page) => {
      await page.getByLabel("note").fill("seen")
      const csv = { name: "t.csv", mimeType: "text/csv", buffer: Buffer.from("a,b") }
      await page.getByLabel("table").setInputFiles(csv)
      await page.getByText("As code").click()
      assert.include((await page.locator("#snippet").textContent()) ?? "", "-F 'table=@t.csv'")
      await run(page)
      await page.locator("#answer").getByText('"seen: t.csv has 3 bytes"').waitFor()
      await page.getByLabel("table").setInputFiles({ ...csv, buffer: Buffer.alloc(200) })
      await run(page, "413")
    }
    return Effect.provide(onPage(use), served(sizes))
  })
  it.scoped("shows elements as they arrive, as text that grows, and progress as a bar", () =>
    Effect.gen(function* () {
      const sent = yield* Ref.make<(text: string | undefined) => void>(() => {})
      const words = Pipeline.stream("words", {
        input: Schema.Struct({}),
        output: Schema.String,
        run: () =>
          Stream.asyncEffect<string>((emit) =>
            Ref.set(sent, (text) => void (text === undefined ? emit.end() : emit.single(text)))
          ).pipe(Stream.tap(() => Run.publish({ progress: 0.25 })))
      })
      const say = (text: string | undefined) => Effect.runPromise(Ref.get(sent).pipe(Effect.map((emit) => emit(text))))
      const use = async (page: Page) => {
        await page.getByLabel("stream").check()
        await page.getByRole("button", { name: "Run", exact: true }).click()
        await page.locator("#answer .badge.running").waitFor()
        await say("Once ")
        await say("upon")
        await page.locator("#answer .prose").getByText("Once upon", { exact: true }).waitFor()
        assert.strictEqual(await page.getByRole("progressbar").getAttribute("value"), "0.25")
        await say(" a time")
        await page.locator("#answer .prose").getByText("Once upon a time", { exact: true }).waitFor()
        await say(undefined)
        await page.locator("#said").getByText("succeeded").waitFor()
      }
      yield* Effect.provide(onPage(use), served(words))
    })
  )
})
