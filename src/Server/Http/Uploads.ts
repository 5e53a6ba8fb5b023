/**
 * Invocations with files: the parts of a form, which go to the disk while they arrive, and files in JSON. Either becomes the
 * body of an ordinary invocation whose parameters have handles of the files.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Multipart from "@effect/platform/Multipart"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { InvalidRequest, PayloadTooLarge } from "../../Contract/Errors.js"
import * as Form from "../../Contract/Form.js"
import * as File from "../../File.js"
import * as Input from "../../Input.js"
import type * as Pipeline from "../../Pipeline.js"
import type { Serving } from "../../Settings/Serving.js"
import * as RunFiles from "../Run/Files/RunFiles.js"
import * as RunFolders from "../Run/Files/RunFolders.js"
import * as SafeJson from "../Run/SafeJson.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"
import * as FormBytes from "./FormBytes.js"
import * as RequestBody from "./RequestBody.js"

/** The body of an invocation, with the files of its run, if it has any. */
export interface Upload {
  readonly body: SafeJson.Parsed
  readonly files: RunFiles.RunFiles | undefined
}

/** Reads the body of an invocation. */
export type Read = (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<Upload, RequestBody.BodyError>

/**
 * Makes the reader of a pipeline's invocations. A pipeline without files takes JSON only; one with files first removes those that
 * killed processes left.
 */
export const make = (pipeline: Pick<Pipeline.Any, "input">, serving: Serving): Effect.Effect<Read> => {
  const fields = new Map(Input.filesOf(pipeline.input).map((field) => [field.name, field]))
  if (fields.size === 0) {
    return Effect.succeed((request) =>
      Effect.map(RequestBody.readJson(request, serving), (body) => ({ body, files: undefined }))
    )
  }
  const receiving = { fields, serving, takesText: Form.textFields(pipeline.input) }
  const read: Read = (request) =>
    Effect.suspend(() => {
      const files = RunFiles.make()
      const body = isForm(request)
        ? ofForm(request, { ...receiving, files })
        : Effect.flatMap(RequestBody.readJson(request, serving), (parsed) => ofJson(parsed, { ...receiving, files }))
      return Effect.onError(
        Effect.map(body, (body) => ({ body, files })),
        () => Effect.sync(files.remove)
      )
    })
  return Effect.as(Effect.forkDaemon(RunFolders.removeLeftovers), read)
}

// internal

interface Receiving {
  readonly fields: ReadonlyMap<string, Input.FileField>
  readonly serving: Serving
  /** True for a parameter that may be a text. */
  readonly takesText: (name: string) => boolean
  readonly files: RunFiles.RunFiles
}

const isForm = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  /^multipart\/form-data\s*;/i.test(headers["content-type"] ?? "")

/** Most parts of a form. */
const maxParts = 1_000

const ofForm = (request: HttpServerRequest.HttpServerRequest, receiving: Receiving) =>
  Effect.gen(function* () {
    const { maxBodyBytes, receiveTimeoutMillis } = receiving.serving
    let envelope: Readonly<Record<string, unknown>> = {}
    const parameters = new Map<string, unknown>()
    yield* Stream.runForEach(partsOf(request), (part) =>
      Effect.gen(function* () {
        if (part._tag === "File") return add(parameters, part.key, yield* received(part, receiving), receiving)
        if (part.key !== Form.requestField) return add(parameters, part.key, yield* valueOf(part, receiving), receiving)
        envelope = yield* envelopeOf(part.value, receiving)
      })
    ).pipe(
      Effect.provideService(Multipart.MaxParts, Option.some(maxParts)),
      Effect.provideService(Multipart.MaxFieldSize, FileSystem.Size(maxBodyBytes)),
      Effect.timeoutFail({ duration: receiveTimeoutMillis, onTimeout: () => new FormBytes.FormBroken() }),
      FormBytes.guarded,
      Effect.catchTags({
        MultipartError: (error) => Effect.fail(refusal(error, maxBodyBytes)),
        FormBroken: () => Effect.fail(broken)
      })
    )
    const given = Predicate.isRecord(envelope["parameters"]) ? envelope["parameters"] : {}
    const value = { ...envelope, parameters: { ...given, ...Object.fromEntries(parameters) } }
    return { value, text: JSON.stringify(value, described), isPlain: false }
  })

const partsOf = (request: HttpServerRequest.HttpServerRequest) => {
  const boundary = FormBytes.boundaryOf(request.headers["content-type"] ?? "")
  return boundary === undefined
    ? Stream.fail(new FormBytes.FormBroken())
    : Stream.pipeThroughChannel(
        FormBytes.whole(boundary)(FormBytes.of(request)),
        Multipart.makeChannel<FormBytes.FormBroken>(request.headers)
      )
}

/** A file is described by its digest, so that the same form has the same text. */
export const described = (_: string, value: unknown): unknown => (File.isFile(value) ? File.describe(value) : value)

const received = (part: Multipart.File, { fields, files }: Receiving) =>
  Effect.gen(function* () {
    const field = fields.get(part.key)
    if (field === undefined) return yield* problem(part.key, "is not a file; send it as a field without a file name")
    const { contentTypes, maxBytes } = field
    if (!Input.accepts(contentTypes, part.contentType)) {
      return yield* problem(part.key, `must have one of the content types ${contentTypes?.join(", ")}`)
    }
    const tooLarge = () =>
      new PayloadTooLarge({
        message: `The file "${part.key}" is larger than ${maxBytes} bytes.`,
        maxBodyBytes: maxBytes
      })
    return yield* files.write(part, maxBytes, tooLarge)
  })

/** Several parts of one name are a list, and a list of files is one with a single part, too. */
const add = (parameters: Map<string, unknown>, name: string, value: unknown, { fields }: Receiving): void => {
  const before = parameters.get(name)
  if (Array.isArray(before)) before.push(value)
  else if (parameters.has(name)) parameters.set(name, [before, value])
  else parameters.set(name, fields.get(name)?.isList === true ? [value] : value)
}

/** The value of a field: its text, or the JSON in it, if the parameter is no text or the part is JSON. */
const valueOf = ({ contentType, key, value }: Multipart.Field, { serving, takesText }: Receiving) => {
  const isJson = contentType.startsWith("application/json")
  if (!isJson && takesText(key)) return Effect.succeed<unknown>(value)
  const parsed = SafeJson.parse(new TextEncoder().encode(value), serving.maxJsonDepth)
  if (Either.isRight(parsed)) return Effect.succeed<unknown>(parsed.right.value)
  return isJson ? problem(key, "is not valid JSON") : Effect.succeed<unknown>(value)
}

const envelopeOf = (text: string, { serving }: Receiving) =>
  Effect.flatMap(
    SafeJson.parse(new TextEncoder().encode(text), serving.maxJsonDepth),
    ({ value }): Effect.Effect<Readonly<Record<string, unknown>>, InvalidRequest> =>
      Predicate.isRecord(value)
        ? Effect.succeed(value)
        : new InvalidRequest({ message: `The field "${Form.requestField}" must be a JSON object.`, issues: [] })
  )

const ofJson = (parsed: SafeJson.Parsed, receiving: Receiving): Effect.Effect<SafeJson.Parsed> =>
  Effect.gen(function* () {
    const { value } = parsed
    if (!Predicate.isRecord(value) || !Predicate.isRecord(value["parameters"])) return parsed
    const parameters = { ...value["parameters"] }
    for (const [name, field] of receiving.fields) {
      const given = parameters[name]
      const keep = (one: unknown) => kept(one, field, receiving)
      if (Array.isArray(given)) parameters[name] = yield* Effect.forEach(given, keep)
      else if (given !== undefined) parameters[name] = yield* keep(given)
    }
    return { value: { ...value, parameters }, text: parsed.text, isPlain: false }
  })

/** The handle of a file in JSON. A value that is none, or that is too large, is left to the schema, which says so. */
const kept = (value: unknown, { maxBytes }: Input.FileField, { files }: Receiving): Effect.Effect<unknown> =>
  Either.match(Input.decodeJson(value), {
    onLeft: () => Effect.succeed(value),
    onRight: ({ bytes, contentType = File.defaultContentType, name = "file" }) =>
      bytes.length > maxBytes
        ? Effect.succeed(value)
        : Effect.orDie(files.write({ name, contentType, content: Stream.make(bytes) }, maxBytes, () => "too large"))
  })

const problem = (name: string, reason: string) =>
  ValidationIssues.invalidRequest([ValidationIssues.make(["parameters", name], reason)])

const broken = new InvalidRequest({ message: "The body is not a valid form of multipart/form-data.", issues: [] })

const refusal = ({ reason }: Multipart.MultipartError, maxBodyBytes: number): InvalidRequest | PayloadTooLarge => {
  switch (reason) {
    case "TooManyParts":
      return new InvalidRequest({ message: `The form has more than ${maxParts} parts.`, issues: [] })
    case "FieldTooLarge":
    case "BodyTooLarge":
    case "FileTooLarge":
      return new PayloadTooLarge({ message: `A field of the form is larger than ${maxBodyBytes} bytes.`, maxBodyBytes })
    default:
      return broken
  }
}
