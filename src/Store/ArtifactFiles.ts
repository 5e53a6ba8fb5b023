/** The store of artifacts in a folder: a file for each content, named by its digest. */
import { randomUUID } from "node:crypto"
import { createReadStream } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { ArtifactStore } from "../Artifacts.js"
import { ArtifactStoreError } from "../Errors/Artifacts.js"

/**
 * Keeps contents in a folder, which is created with the first one. Only its owner can read it.
 *
 * **Details**
 *
 * A content is written to a draft, which reaches the disk before it gets its name, so a crash leaves no half content.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (folder: string): Layer.Layer<ArtifactStore> => Layer.succeed(ArtifactStore, make(folder))

// internal

const make = (folder: string): ArtifactStore["Type"] => {
  /** A folder for each two digits keeps folders small. */
  const fileOf = (digest: string) => Path.join(folder, digest.slice(0, 2), digest)
  const doing = <A>(operation: ArtifactStoreError["operation"], digest: string, run: (file: string) => Promise<A>) =>
    isDigest(digest)
      ? Effect.tryPromise({
          try: () => run(fileOf(digest)),
          catch: (cause) => new ArtifactStoreError({ operation, digest, reason: reasonOf(cause), cause })
        })
      : Effect.fail(new ArtifactStoreError({ operation, digest, reason: "it is not a SHA-256 digest" }))
  const failed = (operation: ArtifactStoreError["operation"], digest: string) => (cause: unknown) =>
    new ArtifactStoreError({ operation, digest, reason: reasonOf(cause), cause })
  return {
    put: (digest, bytes) => doing("put", digest, (file) => write(file, bytes)),
    get: (digest) =>
      doing("get", digest, (file) => Fs.readFile(file).then(Option.some, (error) => absentOr(error, Option.none()))),
    remove: (digest) => doing("remove", digest, (file) => Fs.rm(file, { force: true })),
    putStream: (digest, content, bytes) =>
      Effect.unlessEffect(
        Effect.flatMap(
          doing("put", digest, (file) => draftOf(file)),
          (draft) =>
            writeStream(draft, content).pipe(
              Effect.zipRight(Effect.tryPromise(() => Fs.rename(draft, fileOf(digest)))),
              Effect.catchTag("UnknownException", ({ error }) => Effect.fail(failed("put", digest)(error))),
              Effect.onError(() => Effect.promise(() => Fs.rm(draft, { force: true })))
            )
        ),
        doing("put", digest, async (file) => (await sizeOf(file)) === bytes)
      ),
    getStream: (digest, { length, start }) =>
      doing("get", digest, async (file) =>
        (await sizeOf(file)) === undefined
          ? Option.none()
          : Option.some(
              length === 0
                ? Stream.empty
                : Stream.suspend(() =>
                    Stream.fromAsyncIterable<Uint8Array, ArtifactStoreError>(
                      createReadStream(file, { start, end: start + length - 1 }),
                      failed("get", digest)
                    )
                  )
            )
      )
  }
}

/** A digest becomes a part of a path. */
const isDigest = (digest: string): boolean => /^[0-9a-f]{64}$/.test(digest)

const sizeOf = (file: string): Promise<number | undefined> =>
  Fs.stat(file).then(
    ({ size }) => size,
    (error) => absentOr(error, undefined)
  )

/** The path of a draft in the folder of a file. */
const draftOf = async (file: string): Promise<string> => {
  await Fs.mkdir(Path.dirname(file), { recursive: true, mode: 0o700 })
  return `${file}.${randomUUID()}`
}

/** Writes a content as it comes; it is on disk at the end. */
const writeStream = (draft: string, content: Stream.Stream<Uint8Array>) =>
  Effect.acquireUseRelease(
    Effect.tryPromise(() => Fs.open(draft, "wx", 0o600)),
    (handle) =>
      Effect.zipRight(
        Stream.runForEach(content, (bytes) => Effect.tryPromise(() => handle.writeFile(bytes))),
        Effect.tryPromise(() => handle.sync())
      ),
    (handle) => Effect.promise(() => handle.close())
  )

const write = async (file: string, bytes: Uint8Array): Promise<void> => {
  if ((await sizeOf(file)) === bytes.byteLength) return
  const draft = await draftOf(file)
  try {
    await Fs.writeFile(draft, bytes, { mode: 0o600, flag: "wx", flush: true })
    await Fs.rename(draft, file)
  } catch (error) {
    await Fs.rm(draft, { force: true })
    throw error
  }
}

const absentOr = <A>(error: unknown, value: A): A => {
  if (codeOf(error) === "ENOENT") return value
  throw error
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : ""

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space there and try again",
  EDQUOT: "the quota of the disk is used up; free some space there and try again",
  EACCES: "this user may not write its folder; make it writable",
  EROFS: "its folder is read-only; make it writable"
}

const reasonOf = (cause: unknown): string => reasons[codeOf(cause)] ?? `the file system failed (${codeOf(cause)})`
