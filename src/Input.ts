/** Parameters of a pipeline beyond JSON: files. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as File from "./File.js"

/**
 * The limits of a file.
 *
 * @category models
 * @since 0.2.0
 */
export interface FileOptions {
  /** The largest file in bytes. */
  readonly maxBytes: number
  /** The content types that the pipeline takes, such as `image/png` or `image/*`; default any. */
  readonly contentTypes?: ReadonlyArray<string> | undefined
  /** The description in the OpenAPI document and in commands. */
  readonly description?: string | undefined
}

/**
 * A file in JSON: its bytes in Base64.
 *
 * @category models
 * @since 0.2.0
 */
export interface Base64File {
  readonly data: string
  readonly contentType?: string | undefined
  readonly name?: string | undefined
}

/**
 * A `Blob` or `File` of the platform.
 *
 * @category models
 * @since 0.2.0
 */
export interface BlobLike {
  readonly size: number
  readonly type: string
  readonly name?: string
  /** The bytes. */
  arrayBuffer(): Promise<ArrayBuffer>
}

/**
 * The file as callers give it: bytes, a `Blob` or `File` of the platform, a file of this library, a data URL, or an object
 * with Base64. The client sends the first three as they are, in a form.
 *
 * @category models
 * @since 0.2.0
 */
export type FileEncoded = Uint8Array | BlobLike | File.File | string | Base64File

/**
 * A parameter that is a file. The run gets a handle of it; its record has name, size, content type and digest, and not the
 * bytes.
 *
 * **Details**
 *
 * Callers send a file as a part of `multipart/form-data`, which goes to the disk while it arrives. In JSON a file is
 * `{ "data": "...Base64...", "contentType": "image/png", "name": "a.png" }` or a data URL, within `maxBodyBytes`. A file is a
 * member of the parameters, or a list of files is; deeper in the parameters, it comes in JSON only.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Input, Pipeline } from "effect-deployers"
 *
 * export const lines = Pipeline.make("lines", {
 *   input: Schema.Struct({
 *     table: Input.file({ maxBytes: 10_000_000, contentTypes: ["text/csv"] })
 *   }),
 *   output: Schema.Struct({ lines: Schema.Number }),
 *   run: ({ table }) =>
 *     Effect.map(table.bytes, (bytes) => ({ lines: new TextDecoder().decode(bytes).split("\n").length }))
 * })
 * ```
 *
 * @category schemas
 * @since 0.2.0
 */
export const file = (options: FileOptions): Schema.Schema<File.File, FileEncoded> =>
  Schema.transformOrFail(given(options), Schema.declare(File.isFile, { title: "File" }), {
    strict: true,
    decode: (value) => fileOf(value),
    encode: (file) => ParseResult.succeed(File.describe(file))
  }).pipe(
    Schema.annotations({ message: () => howToSend }),
    Schema.filter(({ size }) => size <= options.maxBytes || `must have at most ${options.maxBytes} bytes`, plain),
    Schema.filter(
      ({ contentType }) =>
        accepts(options.contentTypes, contentType) ||
        `must have one of the content types ${options.contentTypes?.join(", ")}`,
      plain
    ),
    Schema.annotations({ [annotation]: options })
  ) as Schema.Schema<File.File, FileEncoded>

/**
 * A member of the parameters that is a file, or a list of files.
 *
 * @category models
 * @since 0.2.0
 */
export interface FileField extends FileOptions {
  readonly name: string
  readonly isList: boolean
}

/**
 * The members of the parameters that are files.
 *
 * @category accessors
 * @since 0.2.0
 */
export const filesOf = (input: Schema.Schema.AnyNoContext): ReadonlyArray<FileField> =>
  propertiesOf(input.ast).flatMap(({ name, type }) => {
    const own = optionsOf(type)
    const listed = own === undefined ? optionsOf(elementOf(type)) : undefined
    const options = own ?? listed
    return options === undefined ? [] : [{ ...options, name: String(name), isList: listed !== undefined }]
  })

/**
 * True if a content type is among those of a pattern such as `image/*`; any is, if there are none.
 *
 * @category guards
 * @since 0.2.0
 */
export const accepts = (contentTypes: ReadonlyArray<string> | undefined, contentType: string): boolean => {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? ""
  return (
    contentTypes?.some((pattern) =>
      pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1).toLowerCase()) : type === pattern.toLowerCase()
    ) ?? true
  )
}

/**
 * The bytes and the type of a file in JSON, or the problem of the value.
 *
 * @category decoding
 * @since 0.2.0
 */
export const decodeJson = (
  value: unknown
): Either.Either<{ readonly bytes: Uint8Array; readonly contentType?: string; readonly name?: string }, string> => {
  if (Predicate.isString(value)) return ofDataUrl(value)
  if (!isBase64File(value)) return Either.left(howToSend)
  const { contentType, data, name } = value
  return Either.mapBoth(Encoding.decodeBase64(data), {
    onLeft: () => "must have Base64 as data",
    onRight: (bytes) => ({
      bytes,
      ...(contentType === undefined ? {} : { contentType }),
      ...(name === undefined ? {} : { name })
    })
  })
}

/**
 * True for a `Blob` or `File` of the platform.
 *
 * @category guards
 * @since 0.2.0
 */
export const isBlobLike = (value: unknown): value is BlobLike =>
  Predicate.hasProperty(value, "arrayBuffer") &&
  Predicate.isFunction(value.arrayBuffer) &&
  Predicate.hasProperty(value, "type")

// internal

const annotation = Symbol.for("effect-deployers/Input/file")

/** The limits are in the schema of the file. */
const plain = { jsonSchema: {} }

const howToSend = 'must be a file: a part of a form, a data URL, or { "data": Base64, "contentType": ... }'

const jsonSchemaOf = ({ contentTypes, description, maxBytes }: FileOptions) => ({
  ...(description === undefined ? {} : { description }),
  "x-file": { maxBytes, ...(contentTypes === undefined ? {} : { contentTypes }) },
  anyOf: [
    { type: "string", pattern: "^data:", description: "a data URL" },
    {
      type: "object",
      required: ["data"],
      properties: {
        data: { type: "string", contentEncoding: "base64" },
        contentType: { type: "string" },
        name: { type: "string" }
      },
      additionalProperties: false
    }
  ]
})

const isText = (value: unknown): boolean => value === undefined || Predicate.isString(value)

const isBase64File = (value: unknown): value is Base64File =>
  Predicate.isRecord(value) &&
  Predicate.isString(value["data"]) &&
  isText(value["contentType"]) &&
  isText(value["name"]) &&
  Object.keys(value).every((name) => name === "data" || name === "contentType" || name === "name")

type Given = FileEncoded | File.Description

const isDescription = Schema.is(File.Description)

const isGiven = (value: unknown): value is Given =>
  Predicate.isString(value) ||
  File.isFile(value) ||
  value instanceof Uint8Array ||
  isBlobLike(value) ||
  isBase64File(value) ||
  isDescription(value)

const given = (options: FileOptions) =>
  Schema.declare(isGiven, {
    title: "a file",
    description: options.description ?? "a file",
    jsonSchema: jsonSchemaOf(options)
  }).pipe(Schema.filter((value) => problemOf(value) ?? true, plain))

const problemOf = (value: Given): string | undefined => {
  if (File.isFile(value) || value instanceof Uint8Array || isBlobLike(value)) return undefined
  if (isDescription(value)) return undefined
  return Either.match(decodeJson(value), { onLeft: (problem) => problem, onRight: () => undefined })
}

const fileOf = (value: Given): Effect.Effect<File.File, ParseResult.ParseIssue> => {
  if (File.isFile(value)) return Effect.succeed(value)
  if (value instanceof Uint8Array) return File.fromBytes(value)
  if (isBlobLike(value)) {
    return Effect.flatMap(
      Effect.promise(() => value.arrayBuffer()),
      (buffer) => File.fromBytes(new Uint8Array(buffer), { name: value.name, contentType: value.type || undefined })
    )
  }
  return Either.match(decodeJson(value), {
    onLeft: (problem) => ParseResult.fail(new ParseResult.Type(Schema.Unknown.ast, value, problem)),
    onRight: ({ bytes, ...described }) => File.fromBytes(bytes, described)
  })
}

const dataUrl = /^data:([^,;]*)((?:;[^,;]*)*),(.*)$/s

const ofDataUrl = (text: string): ReturnType<typeof decodeJson> => {
  const [, type = "", parameters = "", data] = dataUrl.exec(text) ?? []
  if (data === undefined) return Either.left(howToSend)
  const contentType = type === "" ? "text/plain" : type
  if (!parameters.split(";").includes("base64")) {
    return Either.mapBoth(
      Either.try(() => decodeURIComponent(data)),
      {
        onLeft: () => "must be a data URL with valid escapes",
        onRight: (plain) => ({ bytes: new TextEncoder().encode(plain), contentType })
      }
    )
  }
  return Either.mapBoth(Encoding.decodeBase64(data), {
    onLeft: () => "must be a data URL with valid Base64",
    onRight: (bytes) => ({ bytes, contentType })
  })
}

const propertiesOf = (ast: AST.AST): ReadonlyArray<AST.PropertySignature> => {
  switch (ast._tag) {
    case "TypeLiteral":
      return ast.propertySignatures
    case "Transformation":
    case "Refinement":
      return propertiesOf(ast.from)
    case "Suspend":
      return propertiesOf(ast.f())
    default:
      return []
  }
}

const optionsOf = (ast: AST.AST | undefined): FileOptions | undefined => {
  if (ast === undefined) return undefined
  const own = ast.annotations[annotation]
  if (own !== undefined) return own as FileOptions
  return ast._tag === "Union" ? ast.types.map(optionsOf).find((options) => options !== undefined) : undefined
}

const elementOf = (ast: AST.AST): AST.AST | undefined => {
  switch (ast._tag) {
    case "TupleType":
      return ast.rest[0]?.type
    case "Refinement":
      return elementOf(ast.from)
    case "Union":
      return ast.types.map(elementOf).find((element) => element !== undefined)
    default:
      return undefined
  }
}
