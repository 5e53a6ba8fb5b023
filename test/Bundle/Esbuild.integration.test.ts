import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Bundle } from "effect-deployers"
import * as Workspace from "./Workspace.js"

/** The esbuild processes this process has started and not ended. */
const services = Effect.map(
  Command.lines(Command.make("ps", "-A", "-o", "ppid=,args=")),
  (lines) => lines.filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes("--service=")).length
)

const bundle = (file: string) => Effect.flatMap(Bundle.Bundler, (bundler) => bundler.bundle({ file }))

describe("esbuild's service process", () => {
  it.scoped("lives as long as the last bundler", () =>
    Effect.gen(function* () {
      const file = yield* Workspace.write({ "greet.ts": Workspace.greeting })
      yield* Effect.gen(function* () {
        yield* bundle(file)
        expect(yield* services).toBe(1)
        yield* Effect.provide(bundle(file), Workspace.layer)
        expect(yield* services).toBe(1)
      }).pipe(Effect.provide(Workspace.layer))
      expect(yield* services).toBe(0)
      expect((yield* Effect.provide(bundle(file), Workspace.layer)).digest).toHaveLength(64)
      expect(yield* services).toBe(0)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("is not started by a bundler that is not used", () =>
    Effect.gen(function* () {
      yield* Effect.provide(Bundle.Bundler, Workspace.layer)
      expect(yield* services).toBe(0)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
