import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { cli, json, World } from "../support.js"

const deploy = (name: string, ...more: ReadonlyArray<string>) => cli(["deploy", "weather.ts", "--name", name, ...more])

layer(World)("auth", (it) => {
  it.effect("G04: auth rotate prints a new key once and keeps the old one, auth remove prints none", () =>
    Effect.gen(function* () {
      const first = json(yield* deploy("keyed", "--json"))
      const rotated = yield* cli(["auth", "rotate", "keyed", "--json"])
      expect(json(rotated)).toMatchObject({ name: "keyed", authEnabled: true, key: { own: true, origin: "generated" } })
      const { authKey } = json(rotated)
      expect(authKey).toMatch(/^.{43}$/)
      expect(authKey).not.toBe(first["authKey"])
      expect(rotated.stderr).not.toContain(String(authKey))
      expect(json(yield* cli(["describe", "keyed", "--json", "--show-secret"]))["authKey"]).toBe(authKey)
      const listed = yield* cli(["auth", "list", "keyed", "--json"])
      expect(listed.stdout).not.toContain(String(authKey))
      expect(json(listed)).toMatchObject({
        keys: [
          { own: false, retiring: true },
          { own: true, retiring: false }
        ]
      })
      const plain = yield* cli(["auth", "rotate", "keyed"])
      expect(plain.stdout).toContain("The key is shown only now")
      expect((json(yield* cli(["auth", "list", "keyed", "--json"]))["keys"] as ReadonlyArray<unknown>).length).toBe(2)
      const removed = yield* cli(["auth", "remove", "keyed", "--json"])
      expect(json(removed)).toMatchObject({ authEnabled: false })
      expect(removed.stderr).toContain("the key was removed")
      expect(json(yield* cli(["auth", "list", "keyed", "--json"]))).toEqual({ keys: [] })
      expect(json(yield* cli(["provision", "keyed", "--json"]))).toMatchObject({ authEnabled: false })
      expect(json(yield* cli(["auth", "rotate", "keyed", "--json"]))).toMatchObject({ authEnabled: true })
      expect((yield* cli(["auth", "rotate", "missing"])).exitCode).toBe(1)
      expect((yield* cli(["auth", "remove"])).exitCode).toBe(2)
    })
  )

  it.effect("auth add makes a key with scopes and an end; the last key with every scope cannot be removed", () =>
    Effect.gen(function* () {
      yield* deploy("scoped")
      const added = json(yield* cli(["auth", "add", "scoped", "--scope", "read", "--expires-in", "1h", "--json"]))
      const key = added["key"] as { readonly id: string; readonly expiresAt: string }
      expect(added).toMatchObject({ key: { scopes: ["read"], own: false, expiresAt: expect.any(String) } })
      const [own] = json(yield* cli(["auth", "list", "scoped", "--json"]))["keys"] as ReadonlyArray<{
        readonly id: string
      }>
      const last = yield* cli(["auth", "remove", "scoped", own?.id ?? ""])
      expect([last.exitCode, last.stderr]).toEqual([1, expect.stringContaining("its last key with every scope")])
      expect((yield* cli(["auth", "remove", "scoped", key.id])).stdout).toContain(`refuses the key ${key.id}`)
      const again = yield* cli(["auth", "remove", "scoped", key.id, "--json"])
      expect([again.exitCode, json(again)["_tag"]]).toEqual([1, "AuthKeyNotFound"])
      expect((yield* cli(["auth", "add", "scoped", "--expires-in", "soon"])).exitCode).toBe(2)
    })
  )

  it.effect("a rollback brings back the key of its generation, or prints a new one, and never a removed key", () =>
    Effect.gen(function* () {
      const shown = (args: ReadonlyArray<string>) =>
        Effect.map(cli([...args, "--json"]), (said) => json(said)["authKey"])
      const first = yield* shown(["deploy", "weather.ts", "--name", "rolled"])
      yield* deploy("rolled", "--auth", "none")
      expect(yield* shown(["rollback", "rolled"])).toBeUndefined()
      expect(yield* shown(["describe", "rolled", "--show-secret"])).toBe(first)
      yield* cli(["auth", "remove", "rolled"])
      const second = yield* shown(["rollback", "rolled"])
      expect(second).toEqual(expect.stringMatching(/^.{43}$/))
      expect(second).not.toBe(first)
      expect(json(yield* cli(["auth", "list", "rolled", "--json"]))["keys"]).toHaveLength(1)
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
