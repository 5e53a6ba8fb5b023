import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { brotliDecompressSync } from "node:zlib"
import { FileSystem } from "@effect/platform"
import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Bundle } from "effect-deployers"
import * as Packed from "../../src/Server/Pages/Packed.js"
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

      // The bytes that a process compiles before it serves. Measured 1,280 kB; applications take 34 of them, durable runs 32,
      // requests and answers beyond JSON 40 (most of that parses forms), webhooks, triggers and metrics 40, tools 12, WebSockets 11,
      // outputs from disk and shares of webhooks 7, pauses of triggers and waits of runs 6, candidates and stricter requests 9.
      expect(Number((yield* fs.stat(main)).size)).toBeLessThan(1_290_000)
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

  it.scoped("has the client of PostgreSQL if its pipeline or its settings name a run store there", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bundler = yield* Bundle.Bundler
      // The driver travels as it is installed.
      const hasClient = ({ contents, main }: Bundle.Bundle) =>
        Effect.map(fs.readFileString(`${main}.map`), (map) => [
          map.includes("node_modules/@effect/sql-pg/"),
          JSON.stringify(contents).includes("node_modules/pg/package.json")
        ])
      const file = yield* Workspace.write({ "greet.ts": Workspace.greeting })
      expect(yield* hasClient(yield* bundler.bundle({ file }))).toStrictEqual([false, false])
      const asked = yield* bundler.bundle({ file }, { postgres: true })
      expect(yield* hasClient(asked)).toStrictEqual([true, true])
      expect((yield* bundler.describe(asked)).export).toBe("greet")
      expect(asked.externals.map(({ name }) => name)).toStrictEqual(["better-sqlite3"])

      const settings = 'settings: { runStoreSecret: "RUNS_URL" }, input:'
      const own = yield* Workspace.write({ "greet.ts": Workspace.greeting.replace("input:", settings) })
      const described = yield* Bundle.withPipelineSettings(bundler, { file: own })
      expect(yield* hasClient(described.bundle)).toStrictEqual([true, true])
    })
  )

  it.scoped("G10: has the scripts of the pages beside the program, as other names of the library's files", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, main } = yield* bundle(Workspace.greeting)
      const program = yield* fs.readFileString(main)
      for (const [name, page] of Object.entries(Packed)) {
        const file = `${directory}/${name}.js.br`
        const library = fileURLToPath(new URL(`../../src/Server/Pages/${name}.js.br`, import.meta.url))
        const packed = Buffer.from(yield* fs.readFile(file))
        expect(packed.equals(yield* fs.readFile(library))).toBe(true)
        const [own, its] = yield* Effect.all([fs.stat(file), fs.stat(library)])
        if (own.dev === its.dev) expect(own.ino).toStrictEqual(its.ino)

        // The program has the digest of the script, so bundles with another script have another digest.
        expect(program).toContain(page)
        const document = brotliDecompressSync(Buffer.from(page, "base64")).toString("utf8")
        const digest = createHash("sha256").update(brotliDecompressSync(packed)).digest("base64")
        expect(document).toContain(digest)
      }
    })
  )

  it.scoped("gets the script again that is damaged, and leaves the library's file as it is", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* bundle(Workspace.greeting)
      const file = `${directory}/reference.js.br`
      const whole = yield* fs.readFile(file)
      yield* fs.remove(file)
      yield* fs.writeFileString(file, "damaged")
      yield* bundle(Workspace.greeting)
      expect(Buffer.from(yield* fs.readFile(file)).equals(whole)).toBe(true)
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
