import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { cli, json, World } from "./support.js"

const deploy = (name: string, ...more: ReadonlyArray<string>) => cli(["deploy", "weather.ts", "--name", name, ...more])

layer(World)("auth", (it) => {
  it.effect("auth rotate prints a new key once, auth remove prints none", () =>
    Effect.gen(function* () {
      const first = json(yield* deploy("keyed", "--json"))
      const rotated = yield* cli(["auth", "rotate", "keyed", "--json"])
      expect(json(rotated)).toMatchObject({ name: "keyed", generation: 2, authEnabled: true })
      const { authKey } = json(rotated)
      expect(authKey).toMatch(/^.{43}$/)
      expect(authKey).not.toBe(first["authKey"])
      expect(rotated.stderr).toContain("a key was generated")
      expect(rotated.stderr).not.toContain(String(authKey))
      const plain = yield* cli(["auth", "rotate", "keyed"])
      expect(plain.stdout).toContain("The key is shown only now")
      const removed = yield* cli(["auth", "remove", "keyed", "--json"])
      expect(json(removed)).toMatchObject({ generation: 4, authEnabled: false })
      expect(removed.stderr).toContain("the key was removed")
      expect(json(yield* cli(["provision", "keyed", "--json"]))).toMatchObject({ authEnabled: false })
      expect(json(yield* cli(["auth", "rotate", "keyed", "--json"]))).toMatchObject({ authEnabled: true })
      expect((yield* cli(["auth", "rotate", "missing"])).exitCode).toBe(1)
      expect((yield* cli(["auth", "remove"])).exitCode).toBe(2)
    })
  )

  it.effect("auth rotate refuses a key that is a stored secret", () =>
    Effect.gen(function* () {
      yield* cli(["secret", "set", "KEY"], { input: { text: "long-enough-value" } })
      yield* deploy("secretive", "--auth", "secret:KEY")
      const said = yield* cli(["auth", "rotate", "secretive"])
      expect([said.exitCode, said.stdout]).toEqual([2, ""])
      expect(said.stderr).toContain("hint: `deployers secret set KEY` and `deployers provision secretive`")
      expect(json(yield* cli(["auth", "remove", "secretive", "--json"]))).toMatchObject({ authEnabled: false })
      expect(json(yield* cli(["auth", "rotate", "secretive", "--json"]))).toMatchObject({ generation: 3 })
    })
  )
})
