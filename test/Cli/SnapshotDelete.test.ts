import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { cli, json, World } from "./support.js"

layer(World)("snapshot delete", (it) => {
  it.effect("a snapshot is deleted only when no deployment uses it", () =>
    Effect.gen(function* () {
      yield* cli(["deploy", "weather.ts", "--name", "user"])
      yield* cli(["deploy", "weather.ts", "--name", "user"])
      const { snapshot } = json(yield* cli(["describe", "user", "--json"])) as { snapshot: { version: number } }
      const label = `weather@${snapshot.version}`
      const refused = yield* cli(["snapshot", "delete", label, "--json"])
      expect(refused.exitCode).toBe(1)
      expect(json(refused)).toMatchObject({
        _tag: "SnapshotInUse",
        uses: [{ deployment: "user", generations: [1, 2] }]
      })
      expect(refused.stderr).toContain('is used by "user" (generations 1, 2)')
      expect((yield* cli(["snapshot", "delete", "weather"])).exitCode).toBe(2)
      yield* cli(["delete", "user", "--yes"])
      expect(json(yield* cli(["snapshot", "delete", label, "--json"]))).toMatchObject({ snapshot: label })
      const gone = yield* cli(["snapshot", "delete", label])
      expect([gone.exitCode, gone.stderr]).toEqual([1, expect.stringContaining("There is no snapshot")])
    })
  )
})
