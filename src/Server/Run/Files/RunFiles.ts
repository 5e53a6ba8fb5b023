/** The files of one run: a folder that is removed when the run has ended, or when no run has begun with it. */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, open, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as File from "../../../File.js"
import type { FileSource } from "../../../Run.js"
import * as RunLimits from "../Limits/RunLimits.js"
import * as RunFolders from "./RunFolders.js"

/** The folder of a run that may begin. */
export interface RunFiles {
  /**
   * Writes a file while it arrives, and takes its digest. Fails with the given error as soon as it is larger than
   * `maxBytes`.
   */
  readonly write: <E, E2>(
    source: FileSource<E>,
    maxBytes: number,
    tooLarge: () => E2
  ) => Effect.Effect<File.File, E | E2>
  /** Leaves the folder to a run, which removes it at its end. */
  readonly hold: () => void
  readonly isHeld: () => boolean
  /** Removes the folder, without a wait. */
  readonly remove: () => void
}

/** Makes the files of a request. The folder is made with the first file. */
export const make = (): RunFiles => {
  let folder: Promise<string> | undefined
  let count = 0
  let isHeld = false
  const pathOf = async (name: string): Promise<string> => {
    folder ??= RunFolders.make()
    return join(await folder, `${++count}${extensionOf(name)}`)
  }
  return {
    write: (source, maxBytes, tooLarge) =>
      Effect.gen(function* () {
        const path = yield* Effect.promise(() => pathOf(source.name))
        const written = yield* Effect.acquireUseRelease(
          Effect.promise(() => open(path, "wx", 0o600)),
          (handle) => copy(source.content, handle, maxBytes, tooLarge),
          (handle) => Effect.promise(() => handle.close())
        )
        return fileOf(path, { name: nameOf(source.name), contentType: source.contentType, ...written })
      }),
    hold: () => {
      isHeld = true
    },
    isHeld: () => isHeld,
    remove: () => {
      void folder?.then((path) => rm(path, { recursive: true, force: true })).catch(() => {})
    }
  }
}

/** Writes a file that may become the outputs of a run. It dies with the failure of the run if the file is larger than those may be. */
export const writeOutput = <E>(
  files: RunFiles,
  source: FileSource<E>,
  { id: runId, limits }: { readonly id: string; readonly limits: RunLimits.Limits }
): Effect.Effect<File.File, E> => {
  const { maxOutputBytes } = limits
  const content = Stream.mapError(source.content, (error) => ({ error }))
  return Effect.catchAll(
    files.write({ ...source, content }, maxOutputBytes, () => undefined),
    (failure) =>
      failure === undefined
        ? Effect.die(RunLimits.exceeded(limits, { runId, limit: "maxOutputBytes", actual: maxOutputBytes + 1 }))
        : Effect.fail(failure.error)
  )
}

// internal

const copy = <E, E2>(content: Stream.Stream<Uint8Array, E>, handle: FileHandle, maxBytes: number, tooLarge: () => E2) =>
  Effect.suspend(() => {
    const hash = createHash("sha256")
    let size = 0
    return Effect.map(
      Stream.runForEach(content, (bytes): Effect.Effect<void, E2> => {
        size += bytes.length
        if (size > maxBytes) return Effect.fail(tooLarge())
        hash.update(bytes)
        return Effect.promise(() => handle.writeFile(bytes))
      }),
      () => ({ size, digest: hash.digest("hex") })
    )
  })

const fileOf = (path: string, description: File.Description): File.File =>
  File.make({
    ...description,
    path: Option.some(path),
    bytes: Effect.promise(() => readFile(path)),
    stream: Stream.orDie(
      Stream.suspend(() =>
        Stream.fromAsyncIterable<Uint8Array, unknown>(createReadStream(path), (error: unknown) => error)
      )
    )
  })

/** The name that the caller gave, without folders and control characters. */
const nameOf = (given: string): string => {
  const name = (given.split(/[/\\]/).at(-1) ?? "").replace(/\p{Cc}/gu, "").slice(0, longestName)
  return name === "" ? "file" : name
}

const longestName = 255

/** Programs read the kind of a file from its extension. */
const extensionOf = (name: string): string => /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? ""
