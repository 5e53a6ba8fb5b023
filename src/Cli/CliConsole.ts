import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Output } from "./Output.js"

/**
 * The console of the option parser: help goes to standard output, with colours only where they are wanted. Its complaints
 * are dropped: they come back as errors and are said once, like every other.
 */
export const make: Effect.Effect<Console.Console, never, Output> = Effect.gen(function* () {
  const output = yield* Output
  const base = yield* Console.consoleWith(Effect.succeed)
  const plain = (hasColor: boolean, args: ReadonlyArray<unknown>) => {
    const text = args.map(String).join(" ").trimEnd()
    return hasColor ? text : withoutStyles(text)
  }
  const result = (...args: ReadonlyArray<unknown>) => output.result(plain(output.hasColor, args))
  const note = (...args: ReadonlyArray<unknown>) => output.note(plain(output.hasNoteColor, args))
  return { ...base, log: result, info: note, warn: note, debug: note, trace: note, error: () => Effect.void }
})

/** Text without terminal styles. */
export const withoutStyles = (text: string): string => text.replace(styles, "")

// biome-ignore lint/suspicious/noControlCharactersInRegex: styles begin with one
const styles = /\u001b\[[0-9;]*m/g
