import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { Effect } from "effect"
import * as Tar from "tar-stream"

/** Everything in an archive. */
export const entriesOf = (bytes: Uint8Array) =>
  Effect.promise(async () => {
    const found: Array<{ readonly header: Tar.Headers; readonly content: Buffer }> = []
    const extract = Tar.extract()
    Readable.from([Buffer.from(bytes)]).pipe(extract)
    for await (const entry of extract) found.push({ header: entry.header, content: await buffer(entry) })
    return found
  })
