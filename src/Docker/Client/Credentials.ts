/** Credentials for registries of images, from the configuration file and the credential helpers of the Docker command line. */
import * as ChildProcess from "node:child_process"
import * as Os from "node:os"
import * as Path from "node:path"
import { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { registryOf } from "../../Containerized/ImageReference.js"
import { timeoutFail } from "../../Internal/Deadline.js"
import type { Options } from "./Configuration.js"

/** The reason why credentials cannot be read, as a sentence without full stop. */
export interface CredentialsUnreadable {
  readonly reason: string
}

/** The credentials for the registry of an image, in the form that engines take; empty ones if there are none. */
export type Credentials = (image: string) => Effect.Effect<Redacted.Redacted<string>, CredentialsUnreadable>

/** The credentials that the options lead to. The file is read at each use, so a login holds at once. */
export const make = (options: Options): Effect.Effect<Credentials, never, FileSystem> =>
  Effect.map(FileSystem, (fs) => (image) => {
    const registry = registryOf(image)
    return readFile(fs, fileOf(options)).pipe(
      Effect.flatMap((file) => credentialsIn(file, registry === hub ? hubServer : registry)),
      Effect.map(encode)
    )
  })

/** The credentials of a caller who has none. */
export const anonymous: Redacted.Redacted<string> = Redacted.make("e30=")

// internal

const hub = "docker.io"

/** The name of Docker Hub in configuration files. */
const hubServer = "https://index.docker.io/v1/"

const fileOf = ({ configuration }: Options): string =>
  Path.join(configuration ?? Path.join(Os.homedir(), ".docker"), "config.json")

const Account = Schema.Struct({
  auth: Schema.optional(Schema.String),
  identitytoken: Schema.optional(Schema.String),
  registrytoken: Schema.optional(Schema.String)
})

const File = Schema.Struct({
  auths: Schema.optional(Schema.Record({ key: Schema.String, value: Account })),
  credsStore: Schema.optional(Schema.String),
  credHelpers: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.String }))
})

const decodeFile = Schema.decodeUnknown(Schema.parseJson(File))

const readFile = (fs: FileSystem, path: string): Effect.Effect<typeof File.Type, CredentialsUnreadable> =>
  fs.readFileString(path).pipe(
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeed("{}")
    ),
    Effect.flatMap(decodeFile),
    // The cause may quote the file, which has passwords.
    Effect.mapError(() => ({ reason: `the configuration of the Docker command line cannot be read (${path})` }))
  )

/** The fields that engines read. */
interface Fields {
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
  readonly serveraddress?: string
}

const encode = (fields: Fields): Redacted.Redacted<string> =>
  Redacted.make(Buffer.from(JSON.stringify(fields)).toString("base64").replace(/\+/g, "-").replace(/\//g, "_"))

const credentialsIn = (file: typeof File.Type, server: string): Effect.Effect<Fields, CredentialsUnreadable> => {
  const helper = file.credHelpers?.[server] ?? file.credsStore
  return helper === undefined || helper === "" ? Effect.succeed(inFile(file, server)) : fromHelper(helper, server)
}

const inFile = ({ auths = {} }: typeof File.Type, server: string): Fields => {
  const account = auths[server] ?? Object.entries(auths).find(([name]) => hostOf(name) === hostOf(server))?.[1]
  if (account === undefined) return {}
  const [username = "", ...rest] = Buffer.from(account.auth ?? "", "base64")
    .toString("utf8")
    .split(":")
  return {
    serveraddress: server,
    ...(username === "" ? {} : { username, password: rest.join(":").replace(/\0+$/, "") }),
    ...(account.identitytoken === undefined ? {} : { identitytoken: account.identitytoken }),
    ...(account.registrytoken === undefined ? {} : { registrytoken: account.registrytoken })
  }
}

/** `https://registry.example/v2/` is `registry.example`. */
const hostOf = (name: string): string => name.replace(/^https?:\/\//, "").replace(/\/.*$/, "")

const Given = Schema.parseJson(Schema.Struct({ Username: Schema.String, Secret: Schema.String }))
const decodeGiven = Schema.decodeUnknown(Given)

/** The answer of a helper that knows no credentials, an agreement of all helpers. */
const notFound = "credentials not found in native keychain"

const fromHelper = (helper: string, server: string): Effect.Effect<Fields, CredentialsUnreadable> =>
  Effect.gen(function* () {
    const program = `docker-credential-${helper}`
    const answer = yield* run(program, server)
    if (Option.isNone(answer)) return {}
    const { Secret, Username } = yield* Effect.mapError(decodeGiven(answer.value), () => ({
      reason: `the credential helper ${program} gave no name and secret`
    }))
    return Username === "<token>"
      ? { serveraddress: server, identitytoken: Secret }
      : { serveraddress: server, username: Username, password: Secret }
  })

/** A helper may ask its user, who takes a moment. */
const helperDeadline = "2 minutes"

const run = (program: string, server: string): Effect.Effect<Option.Option<string>, CredentialsUnreadable> =>
  Effect.async<Option.Option<string>, CredentialsUnreadable>((resume) => {
    if (!/^[\w.-]+$/.test(program)) {
      return resume(Effect.fail({ reason: `${JSON.stringify(program)} is not the name of a credential helper` }))
    }
    const child = ChildProcess.execFile(program, ["get"], { maxBuffer: 1_048_576 }, (cause, output) => {
      if (cause === null) return resume(Effect.succeedSome(output))
      if (output.trim() === notFound) return resume(Effect.succeedNone)
      const why = cause.code === "ENOENT" ? "it is not installed" : `exit code ${cause.code ?? cause.signal}`
      resume(Effect.fail({ reason: `the credential helper ${program} failed (${why})` }))
    })
    // A helper may end without reading.
    child.stdin?.on("error", () => {})
    child.stdin?.end(server)
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(
    timeoutFail({
      duration: helperDeadline,
      onTimeout: () => ({ reason: `the credential helper ${program} did not answer within ${helperDeadline}` })
    })
  )
