/** Keeps large outputs of steps in the store of artifacts, and removes the contents that no run refers to. */
import { createHash } from "node:crypto"
import * as Path from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Artifacts from "../../../Artifacts.js"
import type { ArtifactRef } from "../../../Contract/Artifacts.js"
import type { Manifest } from "../../../Contract/Manifest.js"
import type { ArtifactStoreError } from "../../../Errors/Artifacts.js"
import type { StoreError } from "../../../Errors/Stores.js"
import type * as File from "../../../File.js"
import type { EncodedJson } from "../../../Internal/EncodedJson.js"
import type { StepCall } from "../../../Run.js"
import * as ArtifactFiles from "../../../Store/ArtifactFiles.js"
import { RunStore } from "../../../Store/RunStore.js"
import * as RunRecorder from "../Records/RunRecorder.js"
import * as ByteSource from "./ByteSource.js"
import * as StoredContent from "./StoredContent.js"

/** Keeps the outputs of the steps of a service that are larger than its setting `artifactBytes`. */
export interface ArtifactKeeper {
  /** Outputs with more bytes are kept here. */
  readonly aboveBytes: number
  readonly maxBytes: number
  /** The digest of the input of a step; none for an input without a JSON form. */
  readonly digestOf: (call: StepCall, input: unknown) => string | undefined
  /** Keeps an output. The step dies with the answer to its caller if that fails. */
  readonly keep: (output: EncodedJson) => Effect.Effect<ArtifactRef>
}

/** Keeps a content. It dies with the answer to its caller if that fails. */
export type KeepContent = (content: Uint8Array) => Effect.Effect<ArtifactRef>

/** Keeps the bytes of a file, and returns a source of them that outlives the file. It dies as {@link KeepContent} does. */
export type KeepFile = (
  file: File.File
) => Effect.Effect<{ readonly artifact: ArtifactRef; readonly source: ByteSource.ByteSource }>

/** SHA-256 of a text or of bytes in hexadecimal digits. */
export const digestOf = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex")

/** The store of a service: that of its pipeline or of the program around it, else files beside the run store. */
export const storeOf = (
  { runStore }: Pick<Manifest, "runStore">,
  ...given: ReadonlyArray<Context.Context<never>>
): Effect.Effect<Artifacts.ArtifactStore["Type"], never, Scope.Scope> => {
  const found = given.flatMap((context) => Option.toArray(Context.getOption(context, Artifacts.ArtifactStore)))
  const [first] = found
  if (first !== undefined) return Effect.succeed(first)
  const layer = Path.isAbsolute(runStore) ? ArtifactFiles.layer(`${runStore}.artifacts`) : Artifacts.layerMemory
  return Effect.map(Layer.build(layer), (context) => Context.get(context, Artifacts.ArtifactStore))
}

/** Makes the keeper of a service; `undefined` if its settings keep every output in the record. */
export const make = ({ serving }: Pick<Manifest, "serving">, keep: KeepContent): ArtifactKeeper | undefined => {
  const { artifactBytes, maxArtifactBytes, recording } = serving
  if (artifactBytes === undefined || recording === "none") return undefined
  return {
    aboveBytes: artifactBytes,
    maxBytes: maxArtifactBytes,
    digestOf: inputDigest,
    keep: ({ text }) => keep(Buffer.from(text))
  }
}

/** Makes the function that keeps a content until the reference of its run is stored. */
export const keeping =
  (store: Artifacts.ArtifactStore["Type"], { artifacts }: Pick<RunStore["Type"], "artifacts">): KeepContent =>
  (content) => {
    const ref = { digest: digestOf(content), bytes: content.byteLength }
    return artifacts
      .hold(ref.digest)
      .pipe(Effect.zipRight(store.put(ref.digest, content)), Effect.as(ref), Effect.catchAll(unkept))
  }

/** Makes the function that keeps files. A large one goes to a store that takes parts without being in memory. */
export const keepingFiles =
  (store: Artifacts.ArtifactStore["Type"], runs: Pick<RunStore["Type"], "artifacts">): KeepFile =>
  (file) => {
    const { putStream } = store
    const source = StoredContent.inParts(store, file)
    if (putStream === undefined || source === undefined) {
      return Effect.flatMap(file.bytes, (bytes) =>
        Effect.map(keeping(store, runs)(bytes), (artifact) => ({ artifact, source: ByteSource.ofBytes(bytes) }))
      )
    }
    const artifact = { digest: file.digest, bytes: file.size }
    return runs.artifacts
      .hold(file.digest)
      .pipe(
        Effect.zipRight(putStream(file.digest, verified(file), file.size)),
        Effect.as({ artifact, source }),
        Effect.catchAll(unkept)
      )
  }

/** The bytes of a file, which die at their end if they are not those that it describes. */
const verified = ({ digest, size, stream }: File.File): Stream.Stream<Uint8Array> =>
  Stream.suspend(() => {
    const hash = createHash("sha256")
    let count = 0
    const checked = Stream.tap(stream, (bytes) =>
      Effect.sync(() => {
        hash.update(bytes)
        count += bytes.length
      })
    )
    const end = Effect.suspend(() =>
      count === size && hash.digest("hex") === digest
        ? Effect.void
        : Effect.dieMessage("a file has other bytes than its digest and its size say")
    )
    return Stream.concat(checked, Stream.drain(Stream.fromEffect(end)))
  })

const unkept = (error: ArtifactStoreError | StoreError): Effect.Effect<never> =>
  Effect.zipRight(Effect.logError("An artifact could not be kept.", error), Effect.die(RunRecorder.unavailable))

const inputDigest = (call: StepCall, input: unknown): string | undefined => {
  const text = Option.getOrUndefined(Option.liftThrowable(JSON.stringify)(Option.getOrUndefined(encoded(call, input))))
  return text === undefined ? undefined : digestOf(text)
}

const encoded = (call: StepCall, input: unknown): Option.Option<unknown> => {
  const encode = encoders.get(call) ?? Schema.encodeUnknownOption(call.input)
  encoders.set(call, encode)
  return encode(input)
}

/** A schema compiles once for each step. */
const encoders = new WeakMap<StepCall, (input: unknown) => Option.Option<unknown>>()

/** Removes contents to which no run refers, once a minute while the scope lives. */
export const keepSweeping = ({
  remove
}: Pick<Artifacts.ArtifactStore["Type"], "remove">): Effect.Effect<void, never, RunStore | Scope.Scope> =>
  Effect.gen(function* () {
    const { artifacts } = yield* RunStore
    const all = Effect.repeat(artifacts.sweep(remove), {
      while: (removed) => removed > 0,
      schedule: Schedule.spaced("5 millis")
    })
    const pass = Effect.catchAll(all, (error) =>
      Effect.logWarning(`Unused artifacts could not be removed: ${error.message}`)
    )
    yield* Effect.forkScoped(Effect.schedule(pass, Schedule.spaced("1 minute")))
  })
