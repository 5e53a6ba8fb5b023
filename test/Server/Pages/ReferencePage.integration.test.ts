import { createServer } from "node:http"
import { HttpRouter } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema, type Scope } from "effect"
import { Pipeline } from "effect-deployers"
import { Serve, Server } from "effect-deployers/Server"
import type { Page } from "playwright-core"
import * as Browser from "../Browser.js"
import { key, memory, quiet, served } from "../Harness.js"
import { weather } from "../Pipelines.js"

/**
 * Opens the page, uses it, and expects no error in its console, no violation of its policy, and no request beyond the
 * service.
 */
const onPage = <A>(
  use: (page: Page) => Promise<A>,
  path = "/docs"
): Effect.Effect<A, never, Browser.Browser | Serve.Served | Scope.Scope> =>
  Effect.gen(function* () {
    const { url } = yield* Serve.Served
    const { open } = yield* Browser.Browser
    const { page, problems, requests } = yield* open(path)
    yield* Effect.promise(() => page.locator(".opblock").first().or(page.locator("#key")).first().waitFor())
    const result = yield* Effect.promise(() => use(page))
    assert.deepStrictEqual(problems, [])
    assert.isAtLeast(requests.length, 3)
    const beyond = requests.filter((address) => !address.startsWith(`${url}/`) && !address.startsWith("data:"))
    assert.deepStrictEqual(beyond, [])
    return result
  })

/** Unfolds an endpoint. */
const unfold = (page: Page, path: string) =>
  page
    .locator(".opblock-summary", { has: page.locator(`[data-path="${path}"]`) })
    .locator("button")
    .first()
    .click()

/** Sends the invocation that is written there, and reads the answer. */
const execute = async (page: Page) => {
  const answered = page.waitForResponse((response) => response.request().method() === "POST")
  await page.getByRole("button", { name: "Execute" }).click()
  const response = await answered
  await page.locator(".live-responses-table .response-col_status").getByText(String(response.status())).waitFor()
  return response
}

layer(Browser.layer, { excludeTestServices: true })("the API reference in a browser", (it) => {
  it.layer(served(weather, { key }))("with a key", (it) => {
    it.scoped("runs the pipeline with the key that is given to it", () =>
      onPage(async (page) => {
        await unfold(page, "/invoke")
        const body = page.locator("textarea.body-param__text")
        assert.deepStrictEqual(JSON.parse(await body.inputValue()), { parameters: { city: "" } })
        await body.fill(`{ "parameters": { "city": "Oslo" } }`)
        assert.strictEqual((await execute(page)).status(), 401)
        await page.locator(".auth-wrapper .authorize").click()
        await page.locator(".auth-container input").fill(key)
        await page.getByRole("button", { name: "Apply credentials" }).click()
        await page.locator(".auth-container").getByRole("button", { name: "Close" }).click()
        assert.strictEqual((await execute(page)).status(), 200)
        await page.locator(".live-responses-table").getByText("Oslo: 4C").first().waitFor()
      })
    )
    it.scoped("takes the key that the page of the deployment keeps in the tab", () =>
      onPage(async (page) => {
        await page.goto(new URL("/", page.url()).href)
        await page.getByLabel("Key of this deployment").fill(key)
        await page.getByRole("button", { name: "Use key" }).click()
        await page.locator("#runsPart").waitFor()
        await page.getByRole("link", { name: "Documentation" }).click()
        await unfold(page, "/runs")
        const answered = page.waitForResponse(/\/runs/)
        await page.getByRole("button", { name: "Execute" }).click()
        assert.strictEqual((await answered).status(), 200)
      })
    )
  })
  it.scoped("offers no key where the service needs none", () =>
    Effect.provide(
      onPage(async (page) => {
        assert.strictEqual(await page.locator(".auth-wrapper").count(), 0)
      }),
      served(weather)
    )
  )
  it.scoped("works where the service is mounted below a path of another program", () => {
    const mounted = Layer.scoped(
      Serve.Served,
      Effect.gen(function* () {
        const host = "127.0.0.1"
        const app = yield* Server.httpApp(weather)
        const server = yield* NodeHttpServer.make(() => createServer(), { host, port: 0 })
        yield* server.serve(yield* HttpRouter.toHttpApp(HttpRouter.mountApp(HttpRouter.empty, "/team/weather", app)))
        const port = server.address._tag === "TcpAddress" ? server.address.port : 0
        return { url: `http://${host}:${port}`, host, port, warmUp: Effect.void, drain: Effect.void }
      })
    ).pipe(Layer.provide(memory()))
    const use = async (page: Page) => {
      await unfold(page, "/invoke")
      await page.locator("textarea.body-param__text").fill(`{ "parameters": { "city": "Oslo" } }`)
      assert.strictEqual((await execute(page)).status(), 200)
    }
    return Effect.provide(onPage(use, "/team/weather/docs"), Layer.provide(mounted, quiet))
  })
  it.scoped("follows the colours of the system", () =>
    Effect.provide(
      onPage(async (page) => {
        await page.emulateMedia({ colorScheme: "dark" })
        await page.locator("html.dark-mode").waitFor()
        await page.emulateMedia({ colorScheme: "light" })
        await page.locator("html:not(.dark-mode)").waitFor()
      }),
      served(weather)
    )
  )
  it.scoped("shows hostile descriptions as text", () => {
    const hostile = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](https://example.invalid/b.png)"
    const pipeline = Pipeline.make("hostile", {
      description: hostile,
      input: Schema.Struct({ a: Schema.String.annotations({ description: hostile }) }),
      output: Schema.String,
      run: () => Effect.succeed(hostile)
    })
    return Effect.provide(
      onPage(async (page) => {
        await page.locator(".info .markdown").getByText(hostile, { exact: true }).waitFor()
        await unfold(page, "/invoke")
        await page.getByRole("button", { name: "Execute" }).waitFor()
        assert.strictEqual(await page.locator("img, .markdown a").count(), 0)
      }),
      served(pipeline)
    )
  })
})
