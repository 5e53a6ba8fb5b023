/**
 * Layers as tar archives: the same entries give the same bytes.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createReadStream, createWriteStream } from "node:fs"
import { Transform, type Writable } from "node:stream"
import { finished, pipeline } from "node:stream/promises"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Tar from "tar-stream"
import { complete, type Entry } from "./Entry.js"

/**
 * A layer on disk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Layer {
  /** `sha256:` and the digest of the unpacked archive, which is how engines name layers. */
  readonly diffId: string
  readonly file: string
  readonly bytes: number
}

/**
 * An archive could not be written: the disk is full, or a file changed or went away meanwhile.
 *
 * @category errors
 * @since 0.1.0
 */
export class ArchiveFailed extends Data.TaggedError("ArchiveFailed")<{
  readonly reason: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `An archive could not be written: ${this.reason}.`
  }
}

/**
 * Writes entries as a layer. They are sorted, their times are 1970, and their owners root unless an entry says otherwise.
 *
 * @param file where to write it
 *
 * @category encoding
 * @since 0.1.0
 */
export const writeLayer = (file: string, entries: Iterable<Entry>): Effect.Effect<Layer, ArchiveFailed> =>
  Effect.tryPromise({
    try: (signal) => write(file, complete(entries), signal),
    catch: (cause) => new ArchiveFailed({ reason: cause instanceof Error ? cause.message : String(cause), cause })
  })

// internal

const write = async (file: string, entries: ReadonlyArray<Entry>, signal: AbortSignal): Promise<Layer> => {
  const pack = Tar.pack()
  const digest = createHash("sha256")
  let bytes = 0
  const measure = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      digest.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    }
  })
  const written = pipeline(pack, measure, createWriteStream(file, { mode: 0o600 }), { signal })
  await Promise.all([written, feed(pack, entries)])
  return { diffId: `sha256:${digest.digest("hex")}`, file, bytes }
}

const feed = async (pack: Tar.Pack, entries: ReadonlyArray<Entry>): Promise<void> => {
  try {
    for (const entry of entries) await add(pack, entry)
    pack.finalize()
  } catch (error) {
    pack.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

const add = async (pack: Tar.Pack, entry: Entry): Promise<void> => {
  const header = headerOf(entry)
  switch (entry._tag) {
    case "Folder":
      return settle(pack.entry({ ...header, type: "directory" }))
    case "Text": {
      const target = pack.entry({ ...header, type: "file", size: entry.content.length })
      target.end(entry.content)
      return settle(target)
    }
    case "File":
      return pipeline(createReadStream(entry.source), pack.entry({ ...header, type: "file", size: entry.size }))
  }
}

const settle = async (target: Writable): Promise<void> => {
  if (!target.writableFinished && !target.destroyed) await finished(target, { readable: false })
}

const headerOf = ({ gid, mode, path, uid }: Entry) => ({
  name: path.slice(1),
  mode,
  uid: uid ?? 0,
  gid: gid ?? 0,
  mtime: new Date(0)
})
