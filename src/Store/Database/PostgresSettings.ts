/** The settings of a connection to PostgreSQL: as a URL or one by one. */
import type { ConnectionOptions } from "node:tls"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { StoreName } from "./Access.js"

/**
 * The trust in the certificate of the server. Default: its name and its authority are verified.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tls {
  /** The certificates of the authorities in PEM format; default those that Node trusts. */
  readonly ca?: string | undefined
  /** `full` checks the authority and the name of the host, `ca` the authority alone, `none` encrypts only. Default `full`. */
  readonly verify?: "full" | "ca" | "none" | undefined
  /** The name in the certificate, if it is not the host. */
  readonly serverName?: string | undefined
  /** The certificate of this client in PEM format. */
  readonly cert?: string | undefined
  /** The key of that certificate. */
  readonly key?: Redacted.Redacted<string> | undefined
}

/**
 * The place of a database on PostgreSQL, and limits of its connections. A setting has precedence over the same part of `url`.
 *
 * @category models
 * @since 0.1.0
 */
export interface PostgresConfig {
  /**
   * Such as `postgres://user:password@host:5432/database?sslmode=verify-full`. Special characters of user, password and
   * database are percent-encoded. Parameters: `sslmode` (`disable`, `require`, `verify-ca`, `verify-full`), `schema`, `host` (the
   * folder of a socket), `application_name`.
   */
  readonly url?: Redacted.Redacted<string> | undefined
  /** A name, an address, or the folder of a socket. */
  readonly host?: string | undefined
  /** Default 5432. */
  readonly port?: number | undefined
  readonly database?: string | undefined
  readonly username?: string | undefined
  readonly password?: Redacted.Redacted<string> | undefined
  /** The schema of the tables, made if it is missing. Default: the first one of the role's search path, mostly `public`. */
  readonly schema?: string | undefined
  /** Default: `false`, or as `sslmode` of the URL says. `true` verifies authority and name. */
  readonly tls?: boolean | Tls | undefined
  /** Default 5. */
  readonly maxConnections?: number | undefined
  /** The limit for a new connection; default 5 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** The limit of the wait for a free connection; default 5 seconds. */
  readonly acquireTimeout?: Duration.DurationInput | undefined
  /** The limit of a statement, and of the silence of the server; default 30 seconds. */
  readonly statementTimeout?: Duration.DurationInput | undefined
  /** The limit of the wait for a row that another transaction holds; default 2 seconds. An attempt after it counts as busy. */
  readonly lockTimeout?: Duration.DurationInput | undefined
  /** The time for which an operation is tried again while others hold its rows; default 5 seconds. */
  readonly busyBudget?: Duration.DurationInput | undefined
  /** The end of a connection without use; default 10 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** Default `effect-deployers`. */
  readonly applicationName?: string | undefined
}

/** The parts of a {@link PostgresConfig} that name the database. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: Redacted.Redacted<string> | undefined
  readonly schema: string | undefined
  readonly ssl: false | ConnectionOptions
  readonly applicationName: string
}

/** The name of a target in messages: no user, no password. */
export const describe = ({ database, host, port }: Pick<Target, "host" | "port" | "database">): string =>
  host.startsWith("/") ? `${host}, port ${port}, database ${database}` : `${host}:${port}/${database}`

/** Reads the settings. The left side is the fault with its remedy, and never has a part of a secret. */
export const parse = (config: PostgresConfig, store: StoreName): Either.Either<Target, string> =>
  Either.gen(function* () {
    const url = config.url === undefined ? {} : yield* parseUrl(Redacted.value(config.url), store)
    const host = config.host ?? url.host
    if (host === undefined || host === "")
      return yield* fault(`\`host\` is missing in the settings of the ${store} store`)
    const username = config.username ?? url.username
    if (username === undefined || username === "") {
      return yield* fault(`\`username\` is missing in the settings of the ${store} store`)
    }
    const port = config.port ?? url.port ?? 5432
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      return yield* fault(`\`port\` is ${port}; use a number from 1 to 65535`)
    }
    const schema = config.schema ?? url.schema
    if (schema !== undefined && !isSchemaName(schema)) {
      return yield* fault("`schema` is not a name of 1 to 63 bytes; correct it")
    }
    return {
      host,
      port,
      username,
      schema,
      database: config.database ?? url.database ?? username,
      password: config.password ?? url.password,
      ssl: config.tls === undefined ? (url.ssl ?? false) : optionsOf(config.tls),
      applicationName: config.applicationName ?? url.applicationName ?? "effect-deployers"
    }
  })

// internal

interface FromUrl {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly database?: string | undefined
  readonly username?: string | undefined
  readonly password?: Redacted.Redacted<string> | undefined
  readonly schema?: string | undefined
  readonly ssl?: false | ConnectionOptions | undefined
  readonly applicationName?: string | undefined
}

const fault = (text: string): Either.Either<never, string> => Either.left(text)

const maxNameBytes = 63

const isSchemaName = (name: string): boolean => {
  const bytes = Buffer.byteLength(name)
  return bytes >= 1 && bytes <= maxNameBytes && !name.includes("\0")
}

const optionsOf = (tls: boolean | Tls): false | ConnectionOptions => {
  if (typeof tls === "boolean") return tls && {}
  const { ca, cert, key, serverName, verify = "full" } = tls
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: Redacted.value(key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verify === "none" ? { rejectUnauthorized: false } : {}),
    ...(verify === "ca" ? { checkServerIdentity: () => undefined } : {})
  }
}

const modes: Readonly<Record<string, false | Tls["verify"]>> = {
  disable: false,
  require: "none",
  "no-verify": "none",
  "verify-ca": "ca",
  "verify-full": "full"
}

const parameters = ["sslmode", "schema", "host", "application_name"]

const decode = (text: string): Either.Either<string, string> =>
  Either.try({ try: () => decodeURIComponent(text), catch: () => notEncoded })

const notEncoded =
  "the URL has a character that is not percent-encoded; encode user, password and database, such as `@` as `%40` and `%` as `%25`"

const parseUrl = (text: string, store: StoreName): Either.Either<FromUrl, string> =>
  Either.gen(function* () {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined) return yield* fault(notEncoded)
    if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
      return yield* fault(`the URL of the ${store} store does not begin with \`postgres://\`; correct it`)
    }
    const unknown = [...url.searchParams.keys()].find((name) => !parameters.includes(name))
    if (unknown !== undefined) {
      return yield* fault(`the URL has the parameter \`${unknown}\`; known ones are ${parameters.join(", ")}`)
    }
    const mode = url.searchParams.get("sslmode")
    const verify = mode === null ? undefined : modes[mode]
    if (mode !== null && verify === undefined) {
      return yield* fault("`sslmode` of the URL is not known; use `disable`, `require`, `verify-ca` or `verify-full`")
    }
    const password = yield* decode(url.password)
    const database = yield* decode(url.pathname.slice(1))
    return {
      host: url.searchParams.get("host") ?? (yield* decode(url.hostname)).replace(/^\[|\]$/g, ""),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      username: yield* decode(url.username),
      ...(password === "" ? {} : { password: Redacted.make(password) }),
      ...(database === "" ? {} : { database }),
      ...(verify === undefined ? {} : { ssl: verify === false ? (false as const) : optionsOf({ verify }) }),
      schema: url.searchParams.get("schema") ?? undefined,
      applicationName: url.searchParams.get("application_name") ?? undefined
    }
  })
