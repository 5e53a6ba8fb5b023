/**
 * A `SqlClient` on PostgreSQL: the pool of `@effect/sql-pg`, with bounded waits and failures that have a code.
 *
 * **Details**
 *
 * The state of a session is never used: no named statements, no `SET`, no `LISTEN`. A transaction begins with its limits and its
 * search path. It works behind PgBouncer in transaction mode therefore.
 */
import { Socket } from "node:net"
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { transaction } from "./Access.js"
import type { PostgresConfig, Target } from "./PostgresSettings.js"
import { classify, codeOf, connectionLost, noFreeConnection, outcomeUnknown } from "./SqlFailure.js"

/** The limits of the connections of a client. */
export type Limits = Pick<
  PostgresConfig,
  "maxConnections" | "connectTimeout" | "acquireTimeout" | "statementTimeout" | "lockTimeout" | "idleTimeout"
>

/** The number of connections by default. */
export const defaultMaxConnections = 5

const defaults = {
  connectTimeout: Duration.seconds(5),
  acquireTimeout: Duration.seconds(5),
  statementTimeout: Duration.seconds(30),
  lockTimeout: Duration.seconds(2),
  idleTimeout: Duration.seconds(10)
}

/** Opens a pool for as long as the scope lives, and connects once. Fails with a `SqlError` whose cause has a code. */
export const make = (
  library: typeof PgClient,
  target: Target,
  limits: Limits
): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const pool = yield* Effect.mapError(library.make(poolOptions(target, limits)), withCode)
    const reserve = yield* boundedReserve(pool.reserve, limits)
    const begin = beginOf(target, limits)
    const client = yield* SqlClient.make({
      acquirer: Effect.map(reserve, (connection) => alone(connection, target.schema === undefined ? undefined : begin)),
      transactionAcquirer: Effect.flatMap(reserve, (connection) => transactional(connection, begin)),
      compiler: library.makeCompiler(),
      spanAttributes: [
        ["db.system.name", "postgresql"],
        ["db.namespace", target.database],
        ["server.address", target.host],
        ["server.port", target.port]
      ]
    })
    return Object.assign(client, { withTransaction: transaction({ ...client }) })
  }).pipe(Effect.provide(Reactivity.layer))

// internal

const poolOptions = (target: Target, limits: Limits): PgClient.PgClientConfig => ({
  host: target.host,
  port: target.port,
  database: target.database,
  username: target.username,
  password: target.password,
  ssl: target.ssl,
  applicationName: target.applicationName,
  maxConnections: limits.maxConnections ?? defaultMaxConnections,
  connectTimeout: limits.connectTimeout ?? defaults.connectTimeout,
  idleTimeout: limits.idleTimeout ?? defaults.idleTimeout,
  types: { getTypeParser: (type: number) => parsers[type] ?? asText },
  stream: () => impatientSocket(limits)
})

/** A connection whose server is silent for longer than any statement may take is lost: no packet says so. */
const impatientSocket = ({ statementTimeout = defaults.statementTimeout }: Limits): Socket => {
  const socket = new Socket()
  return socket.setTimeout(Duration.toMillis(statementTimeout) + silenceMillis, () =>
    socket.destroy(Object.assign(new Error("the database server is silent"), { code: "ETIMEDOUT" }))
  )
}

const silenceMillis = 5_000

const asText = (value: string): unknown => value

/** Types by their number in PostgreSQL; every other one stays a text. 64-bit numbers of these tables are safe integers. */
const parsers: { readonly [type: number]: (value: string) => unknown } = {
  16: (value) => value === "t",
  20: Number,
  21: Number,
  23: Number,
  26: Number,
  114: (value) => JSON.parse(value),
  700: Number,
  701: Number,
  1700: Number,
  3802: (value) => JSON.parse(value)
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** One message to the server. The settings end with the transaction, so they do not reach others behind a PgBouncer. */
const beginOf = ({ schema }: Target, limits: Limits): string => {
  const millis = (limit: "statementTimeout" | "lockTimeout") =>
    Math.max(1, Math.ceil(Duration.toMillis(limits[limit] ?? defaults[limit])))
  return [
    "BEGIN",
    `SET LOCAL statement_timeout = ${millis("statementTimeout")}`,
    `SET LOCAL lock_timeout = ${millis("lockTimeout")}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${2 * millis("statementTimeout")}`,
    ...(schema === undefined ? [] : [`SET LOCAL search_path = ${identifier(schema)}`])
  ].join("; ")
}

/**
 * A connection within a limit. The pool itself forgets a connection that it opens for an interrupted caller, so opening ends in a
 * fiber of its own. After an interruption the connection is free when it is quiet; the caller does not wait for that.
 */
const boundedReserve = (reserve: Effect.Effect<Connection, SqlError, Scope.Scope>, limits: Limits) =>
  Effect.map(Effect.makeSemaphore(limits.maxConnections ?? defaultMaxConnections), (permits) => {
    const duration = limits.acquireTimeout ?? defaults.acquireTimeout
    const permit = Effect.acquireRelease(
      Effect.interruptible(
        Effect.timeoutFail(permits.take(1), { duration, onTimeout: () => coded(noFreeConnection, undefined) })
      ),
      () => permits.release(1)
    )
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        let opening: Fiber.Fiber<Connection, SqlError> | undefined
        yield* Effect.addFinalizer((exit) =>
          opening !== undefined && Exit.isInterrupted(exit)
            ? Effect.forkDaemon(Effect.zipRight(quiet(opening), Scope.close(scope, exit)))
            : Scope.close(scope, exit)
        )
        yield* restore(Scope.extend(permit, scope))
        opening = yield* Effect.forkDaemon(Effect.mapError(Scope.extend(reserve, scope), withCode))
        return yield* restore(Fiber.join(opening))
      })
    )
  })

/**
 * Waits until a connection executes nothing: the request to cancel a statement may come too early for it, and another caller would
 * get the connection with the statement. The limit of statements bounds the wait.
 */
const quiet = (opening: Fiber.Fiber<Connection, SqlError>) =>
  Effect.ignore(Effect.flatMap(Fiber.join(opening), (connection) => connection.executeRaw("ROLLBACK", [])))

/** A failure of the driver without a code is one of the connection: every refusal of the server has a code. */
const withCode = (error: SqlError): SqlError =>
  hasCode(error.cause) ? error : coded(connectionLost, error.cause, error.message)

const hasCode = (cause: unknown): boolean =>
  codeOf(cause) !== undefined || (Predicate.hasProperty(cause, "cause") && hasCode(cause.cause))

const coded = (code: string, cause: unknown, message = "The database cannot be used"): SqlError =>
  new SqlError({ message, cause: Object.assign(new Error(message, { cause }), { code }) })

type Around = <A>(run: Effect.Effect<A, SqlError>) => Effect.Effect<A, SqlError>

const mapConnection = (connection: Connection, around: Around): Connection => ({
  execute: (text, values, transformRows) => around(connection.execute(text, values, transformRows)),
  executeRaw: (text, values) => around(connection.executeRaw(text, values)),
  executeValues: (text, values) => around(connection.executeValues(text, values)),
  executeUnprepared: (text, values, transformRows) => around(connection.executeUnprepared(text, values, transformRows)),
  executeStream: (text, values, transformRows) =>
    Stream.mapError(connection.executeStream(text, values, transformRows), withCode)
})

/** The connection of one statement, which is a transaction of its own if it needs a search path. */
const alone = (connection: Connection, begin: string | undefined): Connection => {
  if (begin === undefined) return mapConnection(connection, Effect.mapError(withCode))
  const rollback = Effect.ignore(connection.executeRaw("ROLLBACK", []))
  return mapConnection(connection, (run) =>
    Effect.zipRight(connection.executeRaw(begin, []), Effect.zipLeft(run, connection.executeRaw("COMMIT", []))).pipe(
      Effect.onError(() => rollback),
      Effect.mapError(withCode)
    )
  )
}

/** The connection of a transaction. It is closed at its end if its server cannot write: another one may be in its place. */
const transactional = (connection: Connection, begin: string): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.gen(function* () {
    let cannotWrite = false
    const noting: Around = (run) =>
      Effect.tapError(Effect.mapError(run, withCode), (error) =>
        Effect.sync(() => {
          cannotWrite ||= classify(error) === "readonly"
        })
      )
    yield* Effect.addFinalizer(() =>
      cannotWrite
        ? Effect.ignore(connection.executeRaw("SELECT pg_terminate_backend(pg_backend_pid())", []))
        : Effect.void
    )
    const noted = mapConnection(connection, noting)
    const commit = noted.executeRaw("COMMIT", []).pipe(Effect.mapError(asUnknown), Effect.tap(requireCommitted))
    return {
      ...noted,
      executeRaw: (text, values) => {
        if (text === "BEGIN") return noted.executeRaw(begin, [])
        return text === "COMMIT" ? commit : noted.executeRaw(text, values)
      },
      executeUnprepared: (text, values, transformRows) => {
        if (text === "BEGIN") return noted.executeUnprepared(begin, [], undefined)
        return text === "COMMIT" ? Effect.as(commit, []) : noted.executeUnprepared(text, values, transformRows)
      }
    }
  })

const asUnknown = (error: SqlError): SqlError =>
  classify(error) === "unreachable" ? coded(outcomeUnknown, error.cause, error.message) : error

/** The server ends a transaction with a failed statement by a rollback, which it does not report as a failure. */
const requireCommitted = (result: unknown) =>
  Predicate.hasProperty(result, "command") && result.command === "ROLLBACK"
    ? Effect.fail(coded("25P02", undefined, "The transaction was undone, because one of its statements failed"))
    : Effect.void
