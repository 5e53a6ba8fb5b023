import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { cli, World } from "../support.js"

describe("registry copy", () => {
  it.effect("refuses a URL with a password on the command line, without repeating it", () =>
    Effect.gen(function* () {
      const said = yield* cli(["registry", "copy", "--to", "postgres://a:hidden@db/x"])
      assert.strictEqual(said.exitCode, 2)
      assert.include(said.stderr, "--to -")
      assert.notInclude(said.stdout + said.stderr, "hidden")
    }).pipe(Effect.provide(World))
  )

  it.effect("refuses a file that is not there", () =>
    Effect.gen(function* () {
      const said = yield* cli(["registry", "copy", "--to", "/nonexistent/url"])
      assert.strictEqual(said.exitCode, 2)
      assert.include(said.stderr, "/nonexistent/url")
    }).pipe(Effect.provide(World))
  )

  it.effect("reads the URL from standard input, and fails where the home has no registry", () =>
    Effect.gen(function* () {
      const said = yield* cli(["registry", "copy", "--to", "-", "--json"], {
        input: { text: "postgres://a:hidden@db/x\n" }
      })
      assert.strictEqual(said.exitCode, 1)
      assert.deepInclude(JSON.parse(said.stdout), { _tag: "StoreError", store: "registry" })
      assert.notInclude(said.stdout + said.stderr, "hidden")
    }).pipe(Effect.provide(World))
  )
})
