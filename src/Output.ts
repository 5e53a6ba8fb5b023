/** Outputs of a pipeline beyond JSON: bytes, and files. */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as File from "./File.js"
import { accepts } from "./Input.js"

/**
 * The options of an output of bytes.
 *
 * @category models
 * @since 0.2.0
 */
export interface BytesOptions {
  /** The content type of the response, such as `image/png`. */
  readonly contentType: string
  /** The name that a caller saves the bytes under; default `output`. */
  readonly name?: string | undefined
  /** The description in the OpenAPI document. */
  readonly description?: string | undefined
}

/**
 * The options of an output that is a file.
 *
 * @category models
 * @since 0.2.0
 */
export interface FileOptions {
  /** The content type that the file has, such as `image/png` or `image/*`. */
  readonly contentType: string
  /** The description in the OpenAPI document. */
  readonly description?: string | undefined
}

/**
 * An output as records, events and JSON callers have it: its description, and the path of its bytes.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Reference = Schema.Struct({
  ...File.Description.fields,
  /** The path at which the service has the bytes as long as the run is on record. */
  path: Schema.optional(Schema.String)
})

export type Reference = typeof Reference.Type

/**
 * Outputs that are bytes. Callers receive them as they are, with the content type; the record of the run has their size,
 * digest and path.
 *
 * **Details**
 *
 * The serving setting `maxOutputBytes` limits them. A caller that accepts `application/json` only, a caller that does not
 * wait and one that follows events receive the {@link Reference}, and read the bytes at `GET /runs/{id}/output`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Output, Pipeline } from "effect-deployers"
 *
 * export const badge = Pipeline.make("badge", {
 *   input: Schema.Struct({ text: Schema.String }),
 *   output: Output.bytes({ contentType: "image/svg+xml", name: "badge.svg" }),
 *   run: ({ text }) =>
 *     Effect.succeed(
 *       new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg"><text y="12">${text.length}</text></svg>`)
 *     )
 * })
 * ```
 *
 * @category schemas
 * @since 0.2.0
 */
export const bytes = (options: BytesOptions): Schema.Schema<Uint8Array, Reference> => {
  const { contentType, name = "output" } = options
  const contentOf: ContentOf = (value) =>
    value instanceof Uint8Array ? File.fromBytes(value, { name, contentType }) : undefined
  return Schema.transformOrFail(given(options), bytesOf, {
    strict: true,
    decode: (value) => {
      if (value instanceof Uint8Array) return ParseResult.succeed(value)
      return File.isFile(value) ? value.bytes : elsewhere(value)
    },
    encode: (value) => Effect.map(File.fromBytes(value, { name, contentType }), File.describe)
  }).pipe(Schema.annotations({ [annotation]: { contentType, contentOf } satisfies Binary })) as Schema.Schema<
    Uint8Array,
    Reference
  >
}

/**
 * An output that is a file: a parameter of the run, or one of `File.fromBytes`. Its name and its content type are those of
 * the response. Otherwise it is as {@link bytes}.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { File, Output, Pipeline } from "effect-deployers"
 *
 * export const report = Pipeline.make("report", {
 *   input: Schema.Struct({ month: Schema.String }),
 *   output: Output.file({ contentType: "text/csv" }),
 *   run: ({ month }) =>
 *     File.fromBytes(new TextEncoder().encode(`month\n${month}\n`), { name: `${month}.csv`, contentType: "text/csv" })
 * })
 * ```
 *
 * @category schemas
 * @since 0.2.0
 */
export const file = (options: FileOptions): Schema.Schema<File.File, Reference> => {
  const fits = ({ contentType }: File.File) => accepts([options.contentType], contentType)
  const contentOf: ContentOf = (value) => (File.isFile(value) && fits(value) ? Effect.succeed(value) : undefined)
  return Schema.transformOrFail(given(options), Schema.declare(File.isFile, { title: "File" }), {
    strict: true,
    decode: (value) => {
      if (File.isFile(value)) return ParseResult.succeed(value)
      return value instanceof Uint8Array ? File.fromBytes(value, options) : elsewhere(value)
    },
    encode: (value) => ParseResult.succeed(File.describe(value))
  }).pipe(
    Schema.filter((value) => fits(value) || `must have the content type ${options.contentType}`, { jsonSchema: {} }),
    Schema.annotations({ [annotation]: { contentType: options.contentType, contentOf } satisfies Binary })
  ) as Schema.Schema<File.File, Reference>
}

/**
 * An output that is not JSON: its content type, or the pattern of it, and the file of a value. A value that does not fit has
 * none.
 *
 * @category models
 * @since 0.2.0
 */
export interface Binary {
  readonly contentType: string
  /** The file of a value. */
  readonly contentOf: (value: unknown) => Effect.Effect<File.File> | undefined
}

/**
 * The binary output of a schema; `undefined` for outputs that are JSON.
 *
 * @category accessors
 * @since 0.2.0
 */
export const binaryOf = ({ ast }: Schema.Schema.AnyNoContext): Binary | undefined => ofAst(ast)

// internal

type ContentOf = Binary["contentOf"]

const annotation = Symbol.for("effect-deployers/Output/binary")

/** A filter of the user around the schema does not change the form of its values. */
const ofAst = (ast: AST.AST): Binary | undefined => {
  const own = ast.annotations[annotation]
  if (own !== undefined) return own as Binary
  return ast._tag === "Refinement" ? ofAst(ast.from) : undefined
}

type Given = Uint8Array | File.File | Reference

const isReference = Schema.is(Reference)

const isGiven = (value: unknown): value is Given =>
  value instanceof Uint8Array || File.isFile(value) || isReference(value)

const given = ({ contentType, description }: FileOptions) =>
  Schema.declare(isGiven, {
    title: "bytes",
    description: description ?? `bytes of ${contentType}`,
    jsonSchema: {
      ...(description === undefined ? {} : { description }),
      type: "object",
      "x-binary": { contentType },
      required: ["name", "contentType", "size", "digest"],
      properties: {
        name: { type: "string" },
        contentType: { type: "string" },
        size: { type: "integer" },
        digest: { type: "string", description: "SHA-256 of the bytes" },
        path: { type: "string", description: "the path of the bytes" }
      },
      additionalProperties: false
    }
  })

const bytesOf = Schema.declare((value: unknown): value is Uint8Array => value instanceof Uint8Array, {
  title: "Uint8Array",
  equivalence: () => (self: Uint8Array, that: Uint8Array) =>
    self.length === that.length && self.every((byte, index) => byte === that[index])
})

const elsewhere = (value: unknown) =>
  ParseResult.fail(
    new ParseResult.Type(
      Schema.Unknown.ast,
      value,
      Predicate.hasProperty(value, "path") ? `has its bytes at ${String(value.path)}` : "has no bytes"
    )
  )
