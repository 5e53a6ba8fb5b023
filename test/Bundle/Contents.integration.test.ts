import { FileSystem } from "@effect/platform"
import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Bundle } from "effect-deployers"
import * as Workspace from "./Workspace.js"

const bundle = (code: string) =>
  Effect.gen(function* () {
    const bundler = yield* Bundle.Bundler
    return yield* bundler.bundle({ file: yield* Workspace.write({ "greet.ts": code }) })
  })

const deepImports = `
import * as Effect from "effect/Effect"; import * as Schema from "effect/Schema"
import { Pipeline } from "effect-deployers"
`

const chattyImports = `
// import { Schema } from "nowhere"
import { Pipeline as P } from "effect-deployers"
import {
  Effect,
  type Option,
  pipe, Schema as S
} from "effect"
`

const chatty = `
const { Struct, ["String"]: Text } = S
const none: Option.Option<number> | undefined = undefined
export const greet = P.make("greet", {
  input: Struct({ name: Text }),
  output: Struct({ greeting: Text, effects: S.Boolean }),
  run: ({ name }) => pipe({ greeting: name + none, effects: "gen" in Effect }, Effect.succeed)
})`

layer(Workspace.layer)("a bundle", (it) => {
  it.scoped("holds of effect what is used, imported from a barrel or not", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { digest, main } = yield* bundle(Workspace.greeting)
      expect((yield* bundle(deepImports + Workspace.pipeline("greet"))).digest).toBe(digest)

      const sources = new Set(JSON.parse(yield* fs.readFileString(`${main}.map`)).sources)
      const packages = [...sources].flatMap(
        (source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(String(source))?.[1] ?? []
      )
      expect(packages).toContain("effect")
      for (const unused of ["fast-check", "pure-rand", "ws", "undici"]) expect(packages).not.toContain(unused)

      // What a process has to compile before it serves. Measured 870 kB, 29 of them for the `SqliteClient` and its Migrator; with the barrels
      // it would be more than 1,000.
      expect(Number((yield* fs.stat(main)).size)).toBeLessThan(890_000)
    })
  )

  it.scoped("requires the SQLite driver instead of importing it, and needs it all the same", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { externals, main } = yield* bundle(Workspace.greeting)
      const own = yield* fs.readFileString(main)
      expect(own).toMatch(/require\("better-sqlite3"\)/)
      expect(own).not.toMatch(/from ?"better-sqlite3"/)
      expect(externals.map(({ name }) => name)).toStrictEqual(["better-sqlite3"])
    })
  )

  it.scoped("runs the same however its module imports", () =>
    Effect.gen(function* () {
      const bundler = yield* Bundle.Bundler
      const { export: name, spec } = yield* bundler.describe(yield* bundle(chattyImports + chatty))
      expect(name).toBe("greet")
      expect(spec.output).toHaveProperty("properties.effects")
    })
  )

  it.scoped("knows the lines of its module after imports that were said another way", () =>
    Effect.gen(function* () {
      const bundler = yield* Bundle.Bundler
      const code = `${chattyImports}${chatty}\nfunction whereItFails() {\n  throw new Error("here")\n}\nwhereItFails()\n`
      const line = code.split("\n").findIndex((text) => text.includes("throw")) + 1
      const made = yield* bundle(code)
      const error = yield* Effect.flip(bundler.describe(made))
      expect(error.message).toContain(`at whereItFails (${made.source.file}:${line}:9)`)
    })
  )
})
