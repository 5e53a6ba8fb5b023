/** The file that leads to a registry on PostgreSQL: its URL in one line, readable by its owner only. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { StoreError } from "../../Errors/Stores.js"
import { classify, codeOf } from "../Database/SqlFailure.js"
import type { Home } from "../Home.js"

/** Reads the URL of the registry of a home; `undefined` if its registry is the SQLite file. */
export const read = (home: Home["Type"]): Effect.Effect<Redacted.Redacted<string> | undefined, StoreError> =>
  Effect.try({
    try: () => readFile(home.registryUrl),
    catch: (cause) => (cause instanceof StoreError ? cause : unreadable(home.registryUrl, cause))
  }).pipe(
    Effect.catchIf(
      ({ cause }) => codeOf(cause) === "ENOENT" && !home.registryIsNamed,
      () => Effect.succeed(undefined)
    )
  )

/** Writes the URL of the registry of a home. The file has the whole URL or is not there. */
export const write = (home: Home["Type"], url: Redacted.Redacted<string>): Effect.Effect<void, StoreError> =>
  Effect.try({
    try: () => {
      Fs.mkdirSync(Path.dirname(home.registryUrl), { recursive: true, mode: 0o700 })
      const draft = `${home.registryUrl}.${process.pid}`
      Fs.writeFileSync(draft, `${Redacted.value(url)}\n`, { mode: 0o600, flush: true })
      Fs.renameSync(draft, home.registryUrl)
    },
    catch: (cause) => unreadable(home.registryUrl, cause)
  })

// internal

const fault = (path: string, advice: string, cause?: unknown) =>
  new StoreError({ store: "registry", operation: "open", reason: "misconfigured", path, advice, cause })

const unreadable = (path: string, cause: unknown) =>
  codeOf(cause) === "ENOENT"
    ? fault(
        path,
        "DEPLOYERS_REGISTRY_FILE names this file, which is not there; create it, or unset the variable",
        cause
      )
    : new StoreError({ store: "registry", operation: "open", reason: classify(cause, "unreadable"), path, cause })

const readFile = (path: string): Redacted.Redacted<string> => {
  const file = Fs.openSync(path, Fs.constants.O_RDONLY)
  try {
    const { mode } = Fs.fstatSync(file)
    if ((mode & 0o077) !== 0) {
      throw fault(path, `the file has the password of a database, and others can read it; run \`chmod 600 ${path}\``)
    }
    const text = Fs.readFileSync(file, "utf8").trim()
    if (text === "")
      throw fault(path, "the file is empty; write the URL of a PostgreSQL database into it, or remove it")
    return Redacted.make(text)
  } finally {
    Fs.closeSync(file)
  }
}
