/** Parameters that are files, as the parts of a form. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { requestField } from "../Contract/Form.js"
import * as File from "../File.js"
import { type BlobLike, isBlobLike } from "../Input.js"

/** A file that a caller gave as a value. */
export type FileValue = Uint8Array | BlobLike | File.File

/** A file among the parameters. */
export interface FilePart {
  /** The name of the parameter. */
  readonly name: string
  readonly value: FileValue
}

/** The parameters without the files that JSON cannot carry, and these files. Other values stay as they are. */
export const split = (
  parameters: unknown
): { readonly parameters: unknown; readonly files: ReadonlyArray<FilePart> } => {
  if (!Predicate.isReadonlyRecord(parameters)) return { parameters, files: [] }
  const entries = Object.entries(parameters)
  const files = entries.filter(([, value]) => isOfFiles(value))
  if (files.length === 0) return { parameters, files: [] }
  return {
    parameters: Object.fromEntries(entries.filter(([, value]) => !isOfFiles(value))),
    files: files.flatMap(([name, value]) =>
      [value]
        .flat()
        .filter(isFileValue)
        .map((value) => ({ name, value }))
    )
  }
}

/** The form of a request. */
export const make = (body: unknown, files: ReadonlyArray<FilePart>): Effect.Effect<FormData> =>
  Effect.gen(function* () {
    const form = new FormData()
    form.append(requestField, JSON.stringify(body))
    for (const { name, value } of files) {
      const { blob, fileName } = yield* blobOf(value)
      form.append(name, blob, fileName)
    }
    return form
  })

// internal

const isFileValue = (value: unknown): value is FileValue =>
  value instanceof Uint8Array || File.isFile(value) || isBlobLike(value)

/** True for a file, and for a list of nothing but files. */
const isOfFiles = (value: unknown): boolean =>
  isFileValue(value) || (Array.isArray(value) && value.length > 0 && value.every(isFileValue))

const blobOf = (value: FileValue): Effect.Effect<{ readonly blob: Blob; readonly fileName: string }> => {
  if (value instanceof Uint8Array) return Effect.succeed({ blob: blob(value, ""), fileName: "file" })
  if (File.isFile(value)) {
    return Effect.map(value.bytes, (bytes) => ({ blob: blob(bytes, value.contentType), fileName: value.name }))
  }
  const fileName = value.name ?? "file"
  if (value instanceof Blob) return Effect.succeed({ blob: value, fileName })
  return Effect.map(
    Effect.promise(() => value.arrayBuffer()),
    (buffer) => ({ blob: new Blob([buffer], { type: value.type }), fileName })
  )
}

/** A copy: the types of a form admit no bytes in shared memory. */
const blob = (bytes: Uint8Array, type: string): Blob => new Blob([new Uint8Array(bytes)], { type })
