import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { Effect } from "effect"
import * as Tar from "tar-stream"

type Entry = ReturnType<typeof Tar.extract> extends AsyncIterable<infer Entry> ? Entry : never

/** Everything in an archive. */
export const entriesOf = (bytes: Uint8Array) =>
  Effect.promise(async () => {
    const found: Array<{ readonly header: Entry["header"]; readonly content: Buffer }> = []
    const extract = Tar.extract()
    Readable.from([Buffer.from(bytes)]).pipe(extract)
    for await (const entry of extract) found.push({ header: entry.header, content: await buffer(entry) })
    return found
  })
