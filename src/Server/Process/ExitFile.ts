/** The file in which a served process writes its exit code. */
import * as Fs from "node:fs"
import * as Effect from "effect/Effect"
import { type Exit, exitFileOf, type Manifest } from "../../Contract/Manifest.js"

/**
 * Writes the exit code when this process ends by itself, also when the pipeline's code ends it. A kill leaves no file. A
 * failure to write is no failure of the service.
 */
export const atExit = ({ endpointFile }: Pick<Manifest, "endpointFile">): Effect.Effect<void> =>
  Effect.sync(() => {
    const file = exitFileOf(endpointFile)
    attempt(() => Fs.rmSync(file, { force: true }))
    process.once("exit", (code) => {
      const exit: Exit = { pid: process.pid, code }
      attempt(() => Fs.writeFileSync(file, JSON.stringify(exit), { mode: 0o600 }))
    })
  })

// internal

const attempt = (write: () => void): void => {
  try {
    write()
  } catch {
    // The folder is gone, or the disk is full: the exit code is unknown.
  }
}
