/** The errors of the registry and the run store. */
import * as Schema from "effect/Schema"
import { status, TypeId } from "./Kind.js"

/**
 * The reason of a store's failure. `busy`, `full`, `overloaded` and `unreachable` may pass; `outcomeUnknown` leaves open whether
 * the change was made; the others need an operator.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StoreReason = Schema.Literal(
  "busy",
  "full",
  "readonly",
  "corrupt",
  "notADatabase",
  "empty",
  "newerSchema",
  "foreign",
  "unreadable",
  "copied",
  "fenced",
  "unreachable",
  "overloaded",
  "outcomeUnknown",
  "untrusted",
  "denied",
  "conflict",
  "misconfigured",
  "query"
)

export type StoreReason = typeof StoreReason.Type

const explanations: { readonly [Reason in StoreReason]: string } = {
  busy: "another process keeps it locked; try again",
  full: "the disk that holds it is full; free some space there and try again",
  readonly:
    "this user may not write the file, its folder or its disk; make them writable, or run the command as their owner",
  corrupt: "its content is damaged; restore it from a backup, or remove it to give up what it records",
  notADatabase: "the file is not a database; it was left as it is",
  empty: "the file is empty where data is expected; restore it from a backup, or remove it to begin anew",
  newerSchema: "it was written by a newer version of effect-deployers; upgrade, it was left as it is",
  foreign: "it is a database of something else; it was left as it is",
  unreadable: "the file cannot be opened; check the path, owner and mode",
  copied:
    "its home folder was copied or moved, and the services belong to the other home; `deployers adopt` binds it to this one",
  fenced: "another process has taken the run over",
  unreachable: "the database server does not answer; check that it runs, its host and its port, and try again",
  overloaded: "no connection to the database is free; try again, or permit more of them",
  outcomeUnknown:
    "the connection broke at the commit, so the change may be made or not; read the state before a new attempt",
  untrusted: "the certificate of the database server is not trusted; name its authority in the TLS settings",
  denied: "the database refuses the user; check its name, its password and its rights",
  conflict: "another process wrote the same row; try again",
  misconfigured: "its settings do not name a database",
  query: "a query failed"
}

const retryable: ReadonlySet<StoreReason> = new Set<StoreReason>([
  "busy",
  "full",
  "overloaded",
  "unreachable",
  "conflict"
])

/** The explanations of a store that is on a database server. */
const serverExplanations: { readonly [Reason in StoreReason]?: string } = {
  busy: "other transactions keep it busy; try again",
  full: "the disk of the database server is full; free some space there and try again",
  readonly: "the database server only reads, as a standby does; connect to the one that writes, or promote this one"
}

/**
 * A store operation failed.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreError extends Schema.TaggedError<StoreError>()(
  "StoreError",
  {
    /** Which store. */
    store: Schema.Literal("registry", "runs"),
    /** The operation, such as `deployments.find`. */
    operation: Schema.String,
    reason: StoreReason,
    /** The database file, when the store is one. */
    path: Schema.optional(Schema.String),
    /** The host, port and name of the database, when the store is on a server. */
    server: Schema.optional(Schema.String),
    /** The next step in place of the general one of the reason. */
    advice: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Defect)
  },
  status(503, "The store cannot be used.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const place = this.path ?? this.server
    const where = place === undefined ? "" : ` (${place})`
    const general =
      (this.server === undefined ? undefined : serverExplanations[this.reason]) ?? explanations[this.reason]
    return `The ${this.store} store${where} could not carry out "${this.operation}": ${this.advice ?? general}.`
  }
  /** True if the same operation may succeed later without an operator. */
  get isRetryable(): boolean {
    return retryable.has(this.reason)
  }
}

/**
 * The registry is bound to another home that still exists, so its services cannot be adopted.
 *
 * @category errors
 * @since 0.1.0
 */
export class HomeInUse extends Schema.TaggedError<HomeInUse>()(
  "HomeInUse",
  { home: Schema.String, other: Schema.String },
  status(409, "Another home owns the services.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `The home ${this.other} exists and owns the services, so ${this.home} cannot adopt them; delete or move that home first, or use --force and stop using it.`
  }
}

const keyExplanations = {
  missing: (file: string) =>
    `There is no key file ${file}, but the registry holds secrets sealed with one; restore it.`,
  malformed: (file: string) => `${file} is not a 256-bit key; restore the original file.`,
  permissions: (file: string) => `${file} can be read by others; run \`chmod 600 ${file}\`.`,
  inaccessible: (file: string) =>
    `${file} cannot be read or created; check the owner and mode of the file and its folder, and the space left.`,
  undecryptable: (file: string) =>
    `A stored secret cannot be opened with ${file}: it was sealed with another key, or its bytes were changed. Set the secret again.`
}

/**
 * A stored secret cannot be read: the key file is missing, unusable or another one than it was sealed with, or the
 * stored bytes were changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class SecretKeyError extends Schema.TaggedError<SecretKeyError>()(
  "SecretKeyError",
  {
    reason: Schema.Literal("missing", "malformed", "permissions", "inaccessible", "undecryptable"),
    /** The key file, when it is one. */
    path: Schema.optional(Schema.String)
  },
  status(500, "A secret cannot be read.")
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return keyExplanations[this.reason](this.path ?? "the key")
  }
}
