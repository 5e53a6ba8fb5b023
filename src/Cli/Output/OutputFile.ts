/** `--output`: the outputs of a run in a file. A terminal gets no bytes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Client from "../../Client.js"
import * as File from "../../File.js"
import { Reference } from "../../Output.js"
import { note, text } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as Render from "./Render.js"

/** The option. */
export const outputFile = text("output", "Write the outputs to this file: bytes as they are, others as JSON.", "file")

/** The description of outputs that are bytes; none for any others. */
export const referenceOf = (outputs: unknown): Option.Option<Reference> =>
  Option.filter(decodeReference(outputs), ({ path }) => path !== undefined)

/** Writes the outputs of a run to a file, in place of one that is there. */
export const write = Effect.fnUntraced(function* (path: string, name: string, runId: string, outputs: unknown) {
  const fs = yield* FileSystem.FileSystem
  const content = yield* contentOf(name, runId, outputs)
  yield* Effect.mapError(
    fs.writeFile(path, content),
    ({ message }) =>
      new UsageError({
        message: `The file ${path} of --output cannot be written: ${message}`,
        hint: `The run has succeeded; \`deployers run output ${runId} --output FILE\` writes its outputs to another file.`
      })
  )
  yield* note(Render.clean(`${content.length} bytes were written to ${path}.`))
})

/** The command that writes the bytes of a run, for outputs that were not written. */
export const remark = (runId: string): string =>
  `The outputs are bytes; \`deployers run output ${runId} --output FILE\` writes them.`

// internal

const contentOf = Effect.fnUntraced(function* (name: string, runId: string, outputs: unknown) {
  if (File.isFile(outputs)) return yield* outputs.bytes
  const reference = decodeReference(outputs)
  if (Option.isNone(reference)) return new TextEncoder().encode(`${JSON.stringify(outputs, undefined, 2) ?? ""}\n`)
  if (reference.value.path === undefined) {
    return yield* new UsageError({
      message: "The outputs are bytes, and the service keeps none, because it records no runs.",
      hint: "Omit --stream: the answer of an ordinary invocation has the bytes."
    })
  }
  return yield* Effect.flatMap(Client.output(name, runId), ({ bytes }) => bytes)
})

const decodeReference = Schema.decodeUnknownOption(Reference, { onExcessProperty: "error" })
