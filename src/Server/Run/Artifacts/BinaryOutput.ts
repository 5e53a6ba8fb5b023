/** The output of a run that is bytes: kept by its content, described in the record, and sent as it is. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ArtifactRef } from "../../../Contract/Artifacts.js"
import * as Envelope from "../../../Contract/Envelope.js"
import * as File from "../../../File.js"
import { EncodedJson } from "../../../Internal/EncodedJson.js"
import * as StrictJson from "../../../Internal/StrictJson.js"
import * as Output from "../../../Output.js"
import type * as Pipeline from "../../../Pipeline.js"
import type { ActiveRun } from "../Execution/ActiveRun.js"
import * as RunLimits from "../Limits/RunLimits.js"
import type * as Response from "../Response.js"
import type { KeepFile } from "./ArtifactKeeper.js"
import * as ByteSource from "./ByteSource.js"

/** The bytes of a run whose program has ended. */
export class BinaryOutput {
  constructor(
    readonly source: ByteSource.ByteSource,
    readonly reference: Output.Reference,
    /** The content in the store of artifacts; none for a run without data. */
    readonly artifact: ArtifactRef | undefined
  ) {}

  /** The outputs as the record has them. */
  get outputs(): EncodedJson {
    return new EncodedJson(JSON.stringify(this.reference))
  }
}

/** The call of a step whose output this is, among the artifacts of a run: no step has that name. */
export const artifactName = ""

/** The parts of a run that keeps its output. */
export interface Keeping {
  readonly run: Pick<ActiveRun, "id" | "options">
  /** Absent if the service records nothing. */
  readonly keep: KeepFile | undefined
  /** The path of the run. */
  readonly path: string
}

/**
 * Makes the function that reads the bytes of a program's result while its files are there, and keeps them; `undefined` for a
 * pipeline whose outputs are JSON.
 */
export const collector = (
  pipeline: Pick<Pipeline.Any, "output" | "app">
): ((program: Effect.Effect<unknown, unknown>, keeping: Keeping) => Effect.Effect<unknown, unknown>) | undefined => {
  const contentOf = contents(pipeline)
  return contentOf === undefined
    ? undefined
    : (program, keeping) =>
        Effect.flatMap(program, (value) => {
          const content = contentOf(value)
          return content === undefined
            ? Effect.succeed(value)
            : Effect.flatMap(content, (file) => collected(file, keeping))
        })
}

/** True for a pipeline whose outputs, or those of a member, are bytes. */
export const isIn = (pipeline: Pick<Pipeline.Any, "output" | "app">): boolean => contents(pipeline) !== undefined

/** The path of the output of a run. */
export const pathOf = (runPath: string): string => `${runPath}/output`

/** The output in the record of a run, if it is one of these. */
export const referenceOf = (outputs: unknown): (Output.Reference & { readonly path: string }) | undefined =>
  isReference(outputs) && outputs.path !== undefined ? { ...outputs, path: outputs.path } : undefined

/** The response of a run with its bytes in place of the JSON, for callers that accept them. */
export const contentOf = (
  { contentType, digest, name }: File.Description,
  source: ByteSource.ByteSource,
  metadata?: Envelope.ResultMetadata
): Response.Content => ({
  source,
  headers: {
    "content-type": contentType,
    "content-disposition": disposition(name),
    etag: `"${digest}"`,
    ...(metadata === undefined ? {} : { [Envelope.metadataHeader]: Envelope.encodeMetadata(metadata) })
  }
})

/** A name that a caller saves a file under: without folders, and with characters of ASCII beside all others. */
export const disposition = (name: string): string => {
  const safe = [...(name.split(/[/\\]/).at(-1) ?? "")].filter((it) => !/\p{Cc}|\p{Cf}/u.test(it)).join("")
  const whole = safe === "" || /^\.+$/.test(safe) ? "output" : safe
  const plain = whole.replace(/[^\x20-\x7e]|["\\%]/g, "_")
  const encoded = encodeURIComponent(StrictJson.toWellFormed(whole)).replace(
    /['()*]/g,
    (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`
  )
  return plain === whole
    ? `attachment; filename="${plain}"`
    : `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

// internal

const isReference = Schema.is(Output.Reference)

const contents = ({ app, output }: Pick<Pipeline.Any, "output" | "app">) => {
  const own = Output.binaryOf(output)
  if (own !== undefined) return own.contentOf
  const hasMember = app?.parts.some(
    (part) => part._tag === "Member" && Output.binaryOf(part.pipeline.output) !== undefined
  )
  // A group has the files of its members as they are.
  return hasMember === true ? (value: unknown) => (File.isFile(value) ? Effect.succeed(value) : undefined) : undefined
}

const collected = (file: File.File, { keep, path, run }: Keeping): Effect.Effect<BinaryOutput> =>
  Effect.gen(function* () {
    const { id, options } = run
    if (file.size > options.limits.maxOutputBytes) {
      return yield* Effect.die(
        RunLimits.exceeded(options.limits, { runId: id, limit: "maxOutputBytes", actual: file.size })
      )
    }
    const description = File.describe(file)
    if (keep === undefined || options.skipArtifacts) {
      return new BinaryOutput(ByteSource.ofBytes(yield* file.bytes), description, undefined)
    }
    const { artifact, source } = yield* keep(file)
    return new BinaryOutput(source, { ...description, path: pathOf(path) }, artifact)
  })
