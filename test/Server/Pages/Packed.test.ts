import { readFileSync } from "node:fs"
import { brotliDecompressSync, gzipSync } from "node:zlib"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { make, makeMcp, makeWebSocket } from "../../../scripts/pages.mjs"
import { reserved } from "../../../src/Cli/Options/InvokeFlags.js"
import { unpack } from "../../../src/Server/Pages/Document.js"
import { deployment, reference } from "../../../src/Server/Pages/Packed.js"
import { ui } from "../../../src/Ui/Packed.js"

it.live("the files for browsers are made of the folder `browser`: otherwise run scripts/pages.mjs", () =>
  Effect.gen(function* () {
    const made = yield* Effect.promise(make)
    for (const [folder, name, page] of [
      ["Server/Pages", "deployment", deployment] as const,
      ["Server/Pages", "reference", reference] as const,
      ["Ui", "ui", ui] as const
    ]) {
      assert.deepStrictEqual(yield* unpack(page), made[name].page)
      const packed = readFileSync(new URL(`../../../src/${folder}/${name}.js.br`, import.meta.url))
      assert.isTrue(brotliDecompressSync(packed).equals(Buffer.from(made[name].script)), `${name}.js.br is older`)
    }
    for (const [file, library] of [
      ["Mcp/mcp.js.br", makeMcp],
      ["Http/RunSocket/websocket.js.br", makeWebSocket]
    ] as const) {
      const packed = readFileSync(new URL(`../../../src/Server/${file}`, import.meta.url))
      const text = yield* Effect.promise(library)
      assert.isTrue(brotliDecompressSync(packed).equals(Buffer.from(text)), `${file} is older`)
    }
  })
)

it("the commands of the page have the options of `deployers invoke`", async () => {
  const flags: string = "../../../src/Server/Pages/browser/deployment/flags.js"
  const { reserved: known } = (await import(flags)) as { readonly reserved: ReadonlySet<string> }
  assert.deepStrictEqual(known, reserved)
})

it.live("the page over all deployments is small", () =>
  Effect.gen(function* () {
    const { page, script } = (yield* Effect.promise(make)).ui
    assert.isAtMost(gzipSync(script).length + gzipSync(page.body + page.style).length, 60_000)
  })
)
