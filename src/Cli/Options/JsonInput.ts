/** The JSON that a command reads from a file or from standard input. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as JsonText from "../../Internal/JsonText.js"
import * as StrictJson from "../../Internal/StrictJson.js"
import { UsageError } from "../Failure.js"
import { Input } from "../Input.js"

/** The JSON value of a file, or of standard input for `-`. Fails for a value that JavaScript would change. */
export const readJson = Effect.fnUntraced(function* (source: string) {
  const text = source === "-" ? yield* Effect.flatMap(Input, (input) => input.text) : yield* readFile(source)
  const value = Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))
  const problem = value === undefined ? undefined : JsonText.firstProblem(text, value)
  if (problem !== undefined) {
    return yield* new UsageError({
      message: `The content of --input ${source} has a value that JavaScript would change: ${StrictJson.format(problem)}.`,
      hint: "Give each name once, and numbers with more than 15 digits as text."
    })
  }
  return value
})

/** The JSON object of a file, or of standard input for `-`. */
export const readObject = Effect.fnUntraced(function* (source: string) {
  const value = yield* readJson(source)
  if (!Predicate.isReadonlyRecord(value)) {
    return yield* new UsageError({
      message: `The content of --input ${source} is not a JSON object.`,
      hint: 'Give the parameters as an object such as {"city": "Oslo"}.'
    })
  }
  return value
})

// internal

const readFile = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.mapError(
      () => new UsageError({ message: `The file ${path} cannot be read.`, hint: "Check the path given to --input." })
    )
  )
