/** A real browser, for pages that a service answers. */
import { Context, Effect, Layer, type Scope } from "effect"
import { Serve } from "effect-deployers/Server"
import { chromium, type Page } from "playwright-core"
import { ensure } from "../../scripts/chromium.mjs"

export interface Opened {
  readonly page: Page
  /** What scripts threw, and errors and violations of the policy the console tells of. */
  readonly problems: ReadonlyArray<string>
  /** The addresses of all requests of the page. */
  readonly requests: ReadonlyArray<string>
}

export class Browser extends Context.Tag("test/Browser")<
  Browser,
  {
    /** Opens a path of the service in a window of its own, which has no memory. */
    readonly open: (path: string) => Effect.Effect<Opened, never, Serve.Served | Scope.Scope>
    /** Opens an address in such a window. */
    readonly openUrl: (url: string) => Effect.Effect<Opened, never, Scope.Scope>
  }
>() {}

/** The browser has its files in a folder of its own, which goes when it is closed. */
export const layer = Layer.scoped(
  Browser,
  Effect.gen(function* () {
    const executablePath = yield* Effect.promise(() =>
      ensure({ say: (text) => void process.stderr.write(`${text}\n`) })
    )
    const browser = yield* Effect.acquireRelease(
      Effect.promise(() => chromium.launch({ executablePath, chromiumSandbox: false })),
      (browser) => Effect.promise(() => browser.close())
    )
    const openUrl = (url: string) =>
      Effect.gen(function* () {
        const context = yield* Effect.acquireRelease(
          Effect.promise(() => browser.newContext()),
          (context) => Effect.promise(() => context.close())
        )
        const page = yield* Effect.promise(() => context.newPage())
        page.setDefaultTimeout(10_000)
        const problems: Array<string> = []
        const requests: Array<string> = []
        page.on("request", (request) => requests.push(request.url()))
        page.on("pageerror", ({ message }) => problems.push(message))
        page.on("console", (message) => {
          // Chromium tells of every answer that is not 2xx.
          if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
            problems.push(message.text())
          }
        })
        yield* Effect.promise(() => page.goto(url))
        return { page, problems, requests }
      })
    return { open: (path) => Effect.flatMap(Serve.Served, ({ url }) => openUrl(`${url}${path}`)), openUrl }
  })
)
