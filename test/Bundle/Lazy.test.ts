import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Bundle } from "effect-deployers"
import { vi } from "vitest"
import * as Workspace from "./Workspace.js"

vi.mock("esbuild", () => {
  throw new Error("esbuild is not installed")
})

describe("importing the library", () => {
  it.scoped("does not load esbuild; only bundling does", () =>
    Effect.gen(function* () {
      const file = yield* Workspace.write({ "greet.ts": Workspace.greeting })
      const bundler = yield* Bundle.Bundler
      const error = yield* Effect.flip(bundler.bundle({ file }))
      expect(error._tag).toBe("PipelineBundleFailed")
      expect(error.message).toContain(`${file} could not be bundled:\n  esbuild could not run: `)
    }).pipe(Effect.provide(Workspace.layer))
  )
})
