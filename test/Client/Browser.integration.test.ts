// The client in a browser: bundled for one, and calling a deployment from a page of a real one.
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Serve } from "effect-deployers/Server"
import * as esbuild from "esbuild"
import { shippingService } from "../../examples/shipping.js"
import * as Browser from "../Server/Browser.js"
import { key, served } from "../Server/Harness.js"

const bundle = (program: "root" | "entry" | "effect") =>
  Effect.promise(async () => {
    const { outputFiles, warnings } = await esbuild.build({
      entryPoints: [fileURLToPath(new URL(`browser/${program}.ts`, import.meta.url))],
      bundle: true,
      conditions: ["@effect-deployers/source"],
      format: "iife",
      globalName: "program",
      logLevel: "silent",
      minify: true,
      platform: "browser",
      write: false
    })
    assert.deepStrictEqual(warnings, [])
    return outputFiles[0]?.text ?? ""
  })

describe("a bundle for browsers", () => {
  it.effect("gains less than 64 KB, compressed, over the same request with Effect alone", () =>
    Effect.gen(function* () {
      const [withoutClient, ...withClient] = yield* Effect.forEach(["effect", "root", "entry"] as const, (program) =>
        Effect.map(bundle(program), (code) => gzipSync(code).length)
      )
      for (const size of withClient) assert.isBelow(size - (withoutClient ?? 0), 64_000)
    })
  )
})

layer(Browser.layer, { excludeTestServices: true })("a page in a browser", (it) => {
  it.layer(served(shippingService, { key }))("of the deployment's origin", (it) => {
    it.scoped.each(["root", "entry"] as const)("invokes the pipeline with the client of the %s", (program) =>
      Effect.gen(function* () {
        const code = yield* bundle(program)
        const { url } = yield* Serve.Served
        const { open } = yield* Browser.Browser
        const { page, problems } = yield* open("/health/live")
        // A page of this origin that loads the program, as a web server in front of the deployment would serve it.
        yield* Effect.promise(async () => {
          await page.route("**/program*", (route) =>
            route.request().url().endsWith(".js")
              ? route.fulfill({ contentType: "text/javascript", body: code })
              : route.fulfill({ contentType: "text/html", body: '<script src="/program.js"></script>' })
          )
          await page.goto(`${url}/program`)
        })
        const invoke = (country: string) =>
          Effect.promise(() =>
            page.evaluate(`program.invoke(${JSON.stringify(url)}, "${key}", { country: "${country}", kilograms: 4 })`)
          )
        assert.strictEqual(yield* invoke("SE"), "price 29")
        assert.strictEqual(yield* invoke("FR"), "There is no delivery to FR; choose another country.")
        assert.deepStrictEqual(problems, [])
      })
    )
  })
})
