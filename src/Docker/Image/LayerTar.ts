/** Layers and other archives in tar format: the same entries give the same bytes. */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { Readable } from "node:stream"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Tar from "tar-stream"
import { complete, type Entry } from "./Entry.js"

/** A layer on disk. */
export interface Layer {
  /** `sha256:` and the digest of the unpacked archive, which is how engines name layers. */
  readonly diffId: string
  readonly file: string
  readonly bytes: number
}

/** An archive could not be written: a file changed or disappeared at the same time. */
export class ArchiveFailed extends Data.TaggedError("ArchiveFailed")<{
  readonly reason: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `An archive could not be written: ${this.reason}.`
  }
}

/** An archive of entries in the given order. Times are 1970; the default owner is root. */
export const archive = (entries: Iterable<Entry>): Stream.Stream<Uint8Array, ArchiveFailed> =>
  NodeStream.fromReadable<ArchiveFailed, Uint8Array>(
    () => {
      // A reader gets the error; without a listener it would end the process.
      const pack = Tar.pack().on("error", () => undefined)
      feed(pack, entries).then(
        () => pack.finalize(),
        (error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error)))
      )
      return Readable.from(pack)
    },
    (cause) => new ArchiveFailed({ reason: cause instanceof Error ? cause.message : String(cause), cause })
  )

/**
 * Writes entries as a layer: sorted, each once, with all parent folders.
 *
 * @param file where to write it
 */
export const writeLayer = (
  file: string,
  entries: Iterable<Entry>
): Effect.Effect<Layer, ArchiveFailed | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const digest = createHash("sha256")
    let bytes = 0
    yield* archive(complete(entries)).pipe(
      Stream.filter(({ length }) => length > 0),
      Stream.tap((chunk) =>
        Effect.sync(() => {
          digest.update(chunk)
          bytes += chunk.length
        })
      ),
      Stream.run(fs.sink(file, { mode: 0o600 }))
    )
    return { diffId: `sha256:${digest.digest("hex")}`, file, bytes }
  })

// internal

const feed = async (pack: Tar.Pack, entries: Iterable<Entry>): Promise<void> => {
  for (const entry of entries) await add(pack, entry)
}

const add = (pack: Tar.Pack, entry: Entry): Promise<void> =>
  new Promise((resolve, reject) => {
    const header = headerOf(entry)
    const done = (error?: unknown) => (error ? reject(error) : resolve())
    switch (entry._tag) {
      case "Folder":
        pack.entry({ ...header, type: "directory" }, done).on("error", reject)
        break
      case "Link":
        pack.entry({ ...header, type: "symlink", linkname: entry.target }, done).on("error", reject)
        break
      case "Text":
        pack
          .entry({ ...header, type: "file", size: entry.content.length }, done)
          .on("error", reject)
          .end(entry.content)
        break
      case "File": {
        const target = pack.entry({ ...header, type: "file", size: entry.size }, done).on("error", reject)
        createReadStream(entry.source, { highWaterMark: readBytes })
          .on("error", (error) => target.destroy(error))
          .pipe(target)
      }
    }
  })

const readBytes = 1 << 18

const headerOf = ({ gid, mode, path, uid }: Entry) => ({
  name: path.slice(1),
  mode,
  uid: uid ?? 0,
  gid: gid ?? 0,
  mtime: new Date(0)
})
