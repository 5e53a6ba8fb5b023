// docs/cli.md next to what the commands say of themselves.
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Input, Output, runWith } from "../../src/Cli/index.js"
import { Untouched } from "./support.js"

const page = fileURLToPath(new URL("../../docs/cli.md", import.meta.url))

const help = (...command: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const captured = Output.capture()
    const layers = { services: Untouched, doctor: Untouched }
    yield* runWith([...command, "--help"], layers).pipe(
      Effect.provide(Layer.mergeAll(captured.layer, Input.layerTest({}), NodeContext.layer))
    )
    return yield* captured.stdout
  })

const optionsIn = (text: string) => new Set(Array.from(text.matchAll(/--[a-z][a-z-]*/g), ([option]) => option))

describe("the page of the command line", () => {
  it.effect("names every command with its options, and no others", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const rows = (yield* fs.readFileString(page)).split("\n").filter((line) => /^\| `[a-z]/.test(line))
      const listed = /COMMANDS\n([\s\S]*?)\n\n/.exec(yield* help())?.[1] ?? ""
      const commands = Array.from(listed.matchAll(/^ {2}(\S+(?: \S+)?) {2}/gm), ([, name = ""]) => name)
      assert.include(commands, "snapshot delete")

      const options = yield* Effect.forEach(commands, (name) =>
        Effect.map(help(...name.split(" ")), (text) => optionsIn(/USAGE\n.*/.exec(text)?.[0] ?? ""))
      )
      const settings = optionsIn((yield* help("deploy")).split("SETTINGS\n")[1] ?? "")
      assert.include([...settings], "--recovery")
      const known = new Set(["--json", "--help", "--param", ...settings, ...options.flatMap((one) => [...one])])
      for (const row of rows) for (const option of optionsIn(row)) assert.isTrue(known.has(option), `${option}: ${row}`)
      commands.forEach((name, index) => {
        const [group = ""] = name.split(" ")
        assert.isTrue(
          rows.some((row) => new RegExp(`\`${name}[ \`]`).test(row)),
          `no row describes ${name}`
        )
        const described = optionsIn(rows.filter((row) => new RegExp(`\`${group}[ \`]`).test(row)).join("\n"))
        for (const option of options[index] ?? []) {
          assert.isTrue(option === "--json" || described.has(option), `no row of ${group} describes ${option}`)
        }
      })
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
