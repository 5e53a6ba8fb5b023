/**
 * Keeps the process's own log below a size. The file is open as standard output in append mode, so it cannot be
 * renamed away: it is copied, then cut, in one turn of the event loop, in which nothing else of this process can write.
 * What workers write meanwhile is copied too, up to the moment of the cut.
 */
import * as Fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Manifest } from "../../Contract/Manifest.js"

/** A log file, the size in bytes it may reach, and how many older ones are kept as `log.1`, `log.2`, ... */
export type Log = NonNullable<Manifest["log"]>

/** Rotates once if the file is larger than it may be. Says whether it did. */
export const rotate = (log: Log): Effect.Effect<boolean> =>
  Effect.try(() => {
    if (Fs.statSync(log.file).size <= log.maxBytes) return false
    if (log.keep > 0) keepCopy(log)
    Fs.truncateSync(log.file)
    return true
  }).pipe(Effect.catchAll((error) => Effect.as(Effect.logWarning("The log could not be rotated.", error.cause), false)))

/** Checks the size every second, for ever. */
export const keep = (log: Log): Effect.Effect<void> =>
  Effect.asVoid(Effect.repeat(rotate(log), Schedule.spaced("1 second")))

// internal

/** On a full disk the oldest logs give way. If that is not enough, the log stays as it is. */
const keepCopy = ({ file, keep }: Log): void => {
  Fs.rmSync(`${file}.${keep}`, { force: true })
  const draft = `${file}.new`
  for (let oldest = keep - 1; ; oldest--) {
    try {
      copy(file, draft)
      break
    } catch (cause) {
      Fs.rmSync(draft, { force: true })
      if (oldest < 1) throw cause
      Fs.rmSync(`${file}.${oldest}`, { force: true })
    }
  }
  for (let age = keep; age > 1; age--) shift(file, age)
  Fs.renameSync(draft, `${file}.1`)
}

const copy = (from: string, to: string): void => {
  Fs.copyFileSync(from, to)
  const source = Fs.openSync(from, "r")
  const buffer = Buffer.alloc(65_536)
  for (let at = Fs.statSync(to).size, read = buffer.length; read > 0; at += read) {
    read = Fs.readSync(source, buffer, 0, buffer.length, at)
    Fs.appendFileSync(to, buffer.subarray(0, read))
  }
  Fs.closeSync(source)
}

const shift = (file: string, age: number): void => {
  if (Fs.existsSync(`${file}.${age - 1}`)) Fs.renameSync(`${file}.${age - 1}`, `${file}.${age}`)
}
