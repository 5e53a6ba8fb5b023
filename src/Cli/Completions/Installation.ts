/** The installation of the script of a shell: its file, and a block in the start file of a shell that needs one. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "../Failure.js"
import * as Block from "./Block.js"
import { type Place, placeOf } from "./Places.js"
import type { Shell } from "./Scripts.js"

/** A file of an installation. */
export interface Changed {
  readonly file: string
  readonly state: "written" | "removed" | "unchanged"
}

/** The result of an installation. */
export interface Installed {
  readonly files: ReadonlyArray<Changed>
  readonly condition: string | undefined
}

/** Writes the script where the shell loads it. A repetition changes nothing; a file of another program is kept. */
export const install = (shell: Shell, script: string) =>
  Effect.gen(function* () {
    const place = yield* placeOf(shell)
    yield* refuseForeign(place)
    const text = marked(shell, script)
    const files = [yield* change(place.script, () => text)]
    const { start } = place
    const lines = start === undefined ? [] : [`# ${undo(shell)}`, ...start.lines]
    if (start !== undefined) files.push(yield* change(start.file, (former) => Block.withBlock(former, lines)))
    return { files, condition: place.condition } satisfies Installed
  }).pipe(refuseFaults(shell))

/** Removes the script and the block of the start file. A missing one is a success. */
export const uninstall = (shell: Shell) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const place = yield* placeOf(shell)
    yield* refuseForeign(place)
    const files: Array<Changed> = []
    // The block first: it names the folder of the script.
    if (place.start !== undefined) files.push(yield* change(place.start.file, Block.withoutBlock))
    const isThere = yield* fs.exists(place.script)
    if (isThere) yield* fs.remove(place.script)
    files.push({ file: place.script, state: isThere ? "removed" : "unchanged" })
    return files
  }).pipe(refuseFaults(shell))

/** The sentence on the removal of an installation. */
export const undo = (shell: Shell): string => `\`deployers completions uninstall ${shell}\` removes this.`

// internal

const mark = "# Written by `deployers completions install`."

/** zsh reads the first line to learn the command that a script completes. */
const marked = (shell: Shell, script: string): string => {
  const [first = "", ...rest] = script.split("\n")
  const note = `${mark} ${undo(shell)}`
  return (shell === "zsh" ? [first, note, ...rest] : [note, first, ...rest]).join("\n")
}

const textOf = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.asSome(fs.readFileString(file))).pipe(
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeedNone
    )
  )

const refuseForeign = ({ script }: Place) =>
  Effect.gen(function* () {
    const text = yield* textOf(script)
    if (Option.isNone(text) || text.value.includes(mark)) return
    return yield* new UsageError({
      message: `${script} is there already, and \`deployers completions install\` did not write it; nothing was changed.`,
      hint: "Move the file away, and repeat the command."
    })
  })

const change = (file: string, edit: (former: string) => string) =>
  Effect.gen(function* () {
    const former = Option.getOrElse(yield* textOf(file), () => "")
    const text = edit(former)
    if (text === former) return { file, state: "unchanged" } satisfies Changed
    yield* replace(file, text)
    return { file, state: "written" } satisfies Changed
  })

/** Writes all of a file or nothing. A start file that is a link to another place stays a link, and keeps its mode. */
const replace = (file: string, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(path.dirname(file), { recursive: true })
    const target = (yield* fs.exists(file)) ? yield* fs.realPath(file) : file
    const mode = (yield* fs.exists(target)) ? (yield* fs.stat(target)).mode & 0o777 : 0o644
    const draft = `${target}.deployers-draft`
    yield* fs.writeFileString(draft, text, { mode })
    yield* fs.rename(draft, target)
  })

const isFault = (error: { readonly _tag: string }): error is PlatformError =>
  error._tag === "SystemError" || error._tag === "BadArgument"

function refuseFaults(shell: Shell) {
  return <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.mapError(effect, (error) =>
      isFault(error)
        ? new UsageError({
            message: `The files of ${shell} cannot be changed: ${error.message}`,
            hint: `Use an account that may write them, or place the script yourself: \`deployers completions ${shell}\` prints it.`
          })
        : error
    )
}
