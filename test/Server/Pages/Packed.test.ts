import { readFileSync } from "node:fs"
import { brotliDecompressSync } from "node:zlib"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { make, makeMcp, makeWebSocket } from "../../../scripts/pages.mjs"
import { reserved } from "../../../src/Cli/InvokeFlags.js"
import { unpack } from "../../../src/Server/Pages/Document.js"
import { deployment, reference } from "../../../src/Server/Pages/Packed.js"

it.live("the files for browsers are made of the folder `browser`: otherwise run scripts/pages.mjs", () =>
  Effect.gen(function* () {
    const made = yield* Effect.promise(make)
    for (const [name, page] of [["deployment", deployment] as const, ["reference", reference] as const]) {
      assert.deepStrictEqual(yield* unpack(page), made[name].page)
      const packed = readFileSync(new URL(`../../../src/Server/Pages/${name}.js.br`, import.meta.url))
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
