/** The file with the key that seals secrets: 32 random bytes only its owner can read. */
import * as Crypto from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { SecretKeyError } from "../../Errors/Stores.js"
import { codeOf } from "../Database/SqlFailure.js"

/**
 * Length of a key in bytes.
 *
 * @category constants
 * @since 0.1.0
 */
export const keyBytes = 32

/**
 * A key in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type Key = Redacted.Redacted<Uint8Array>

type Reason = SecretKeyError["reason"]

const attempt = <A>(
  path: string,
  body: () => A,
  reason: (cause: unknown) => Reason
): Effect.Effect<A, SecretKeyError> =>
  Effect.try({
    try: body,
    catch: (cause) => (cause instanceof SecretKeyError ? cause : new SecretKeyError({ reason: reason(cause), path }))
  })

const readKey = (path: string): Key => {
  const file = Fs.openSync(path, Fs.constants.O_RDONLY)
  try {
    const stats = Fs.fstatSync(file)
    if ((stats.mode & 0o077) !== 0) throw new SecretKeyError({ reason: "permissions", path })
    if (!stats.isFile() || stats.size !== keyBytes) throw new SecretKeyError({ reason: "malformed", path })
    return Redacted.make(new Uint8Array(Fs.readFileSync(file)))
  } finally {
    Fs.closeSync(file)
  }
}

/**
 * Reads a key file: `missing`, `permissions` when others can read it, `malformed` when it is not a key, `inaccessible`
 * when it cannot be read.
 *
 * @category reading
 * @since 0.1.0
 */
export const read = (path: string): Effect.Effect<Key, SecretKeyError> =>
  attempt(
    path,
    () => readKey(path),
    (cause) => (codeOf(cause) === "ENOENT" ? "missing" : "inaccessible")
  )

const writeDraft = (draft: string) => {
  const file = Fs.openSync(draft, "wx", 0o600)
  try {
    Fs.writeSync(file, Crypto.randomBytes(keyBytes))
    Fs.fsyncSync(file)
  } finally {
    Fs.closeSync(file)
  }
}

const publish = (path: string, draft: string) => {
  try {
    Fs.linkSync(draft, path)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
}

const createKey = (path: string) => {
  Fs.mkdirSync(Path.dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.new-${Crypto.randomBytes(6).toString("hex")}`
  try {
    writeDraft(draft)
    publish(path, draft)
  } finally {
    Fs.rmSync(draft, { force: true })
  }
}

/**
 * Puts a new key at a path and gives the key that is there afterwards: of several processes that do this at the same
 * time, one wins and all get its key. The path never holds half a key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const create = (path: string): Effect.Effect<Key, SecretKeyError> =>
  Effect.zipRight(
    attempt(
      path,
      () => createKey(path),
      () => "inaccessible"
    ),
    read(path)
  )
