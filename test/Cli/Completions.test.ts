// Completions of the command: printed, installed where each shell loads them, and removed without a trace.
import { execFile } from "node:child_process"
import { FileSystem, Path } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import * as Block from "../../src/Cli/Completions/Block.js"
import { cli, json, World } from "./support.js"

/** A home of its own, and the command in it. */
const user = (shell: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-deployers-completions-" })
    const variables = ConfigProvider.fromMap(
      new Map([...(shell === "" ? [] : [["SHELL", shell] as const]), ["HOME", home]])
    )
    const completions = (...args: ReadonlyArray<string>) =>
      Effect.withConfigProvider(cli(["completions", ...args]), variables)
    return { completions, fs, home, fileOf: (...parts: ReadonlyArray<string>) => path.join(home, ...parts) }
  })

/** The words that bash offers for the last word of a line. */
const offered = (script: string, ...line: ReadonlyArray<string>) =>
  Effect.async<ReadonlyArray<string>>((resume) => {
    const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _deployers_bash_completions deployers; echo "\${COMPREPLY[@]}"`
    execFile("bash", ["-c", `${script}\n${ask}`, "bash", ...line], (error, stdout) =>
      resume(error === null ? Effect.succeed(stdout.trim().split(" ")) : Effect.die(error))
    )
  })

layer(World)("completions", (it) => {
  it.scoped("bash offers commands, options and each choice of an option", () =>
    Effect.gen(function* () {
      const { completions } = yield* user("")
      const { stdout } = yield* completions("bash")
      assert.deepStrictEqual(yield* offered(stdout, "deployers", "reg"), ["registry"])
      assert.include(yield* offered(stdout, "deployers", "completions", ""), "install")
      assert.deepStrictEqual(yield* offered(stdout, "deployers", "deploy", "--deployer", "s"), ["swarm"])
      assert.strictEqual(json(yield* completions("bash", "--json"))["script"], stdout)
    })
  )

  it.scoped("install writes once where the shell of the user looks, and uninstall removes it", () =>
    Effect.gen(function* () {
      const { completions, fileOf, fs } = yield* user("/usr/local/bin/fish")
      const file = fileOf(".config", "fish", "completions", "deployers.fish")
      assert.deepStrictEqual(json(yield* completions("install", "--json")), {
        shell: "fish",
        files: [{ file, state: "written" }],
        undo: "deployers completions uninstall fish"
      })
      assert.include(yield* fs.readFileString(file), "complete -c deployers")
      assert.include((yield* completions("install")).stdout, `${file} is unchanged`)
      assert.include((yield* completions("uninstall")).stdout, `${file} was removed`)
      assert.include((yield* completions("uninstall")).stdout, `${file} is unchanged`)
      assert.isFalse(yield* fs.exists(file))
    })
  )

  it.scoped("zsh gets a block in its start file, which stays a link, keeps its mode and its other lines", () =>
    Effect.gen(function* () {
      const { completions, fileOf, fs } = yield* user("/bin/zsh")
      const [start, target] = [fileOf(".zshrc"), fileOf("dotfiles-zshrc")]
      yield* fs.writeFileString(target, "export A=1", { mode: 0o600 })
      yield* fs.symlink(target, start)
      yield* completions("install")
      const text = yield* fs.readFileString(target)
      assert.match(text, /^export A=1\n# >>> effect-deployers completions >>>\n[\s\S]*<<<\n$/)
      assert.strictEqual((yield* fs.stat(target)).mode & 0o777, 0o600)
      const script = yield* fs.readFileString(
        fileOf(".local", "share", "effect-deployers", "completions", "_deployers_zsh_completions")
      )
      assert.match(script, /^#compdef deployers\n/)
      yield* completions("install")
      assert.strictEqual(yield* fs.readFileString(start), text)
      yield* completions("uninstall")
      assert.strictEqual(yield* fs.readFileString(target), "export A=1\n")
    })
  )

  it.scoped("a file of another program is kept, and an unknown shell is named", () =>
    Effect.gen(function* () {
      const { completions, fileOf, fs } = yield* user("/bin/tcsh")
      const file = fileOf(".local", "share", "bash-completion", "completions", "deployers")
      yield* fs.makeDirectory(fileOf(".local", "share", "bash-completion", "completions"), { recursive: true })
      yield* fs.writeFileString(file, "complete -W mine deployers\n")
      for (const command of ["install", "uninstall"]) {
        const said = yield* completions(command, "bash")
        assert.deepStrictEqual([said.exitCode, said.stderr.includes("nothing was changed")], [2, true])
      }
      assert.strictEqual(yield* fs.readFileString(file), "complete -W mine deployers\n")
      assert.include((yield* completions("install")).stderr, 'There are no completions for "tcsh".')
    })
  )

  it("a new block takes the place of the former one", () => {
    const text = `a\n${Block.withBlock("", ["old"])}b\n`
    assert.strictEqual(Block.withBlock(text, ["new"]), text.replace("old", "new"))
    assert.strictEqual(Block.withoutBlock(text), "a\nb\n")
  })
})
