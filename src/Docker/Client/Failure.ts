/** The failures that follow from a broken connection or an unexpected answer. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { OutcomeUnknown } from "../../Errors/Lifecycle.js"
import { EngineError, EngineRefused, EngineTimeout, EngineUnreachable } from "./Errors.js"
import type { EngineResponse, Request } from "./Transport.js"

/** The failures of a request that was sent and not answered. */
export interface Loss<E> {
  /** The connection broke. */
  readonly broken: (request: Request, host: string, cause: unknown) => E
  /** The deadline passed. */
  readonly late: (request: Request, deadline: Duration.Duration) => E
}

/** A query changes nothing. */
export const ofQuery: Loss<EngineUnreachable | EngineTimeout> = {
  broken: ({ operation }, host, cause) =>
    new EngineUnreachable({ operation, host, reason: transportReason(codeOf(cause), cause), cause }),
  late: ({ operation }, deadline) => new EngineTimeout({ operation, timeoutMillis: Duration.toMillis(deadline) })
}

const lost = ({ operation, resource }: Request): OutcomeUnknown =>
  new OutcomeUnknown({ operation, resource: resource ?? "the engine" })

/** A change may have been carried out. */
export const ofChange: Loss<OutcomeUnknown> = { broken: lost, late: lost }

/** Classifies an error of the connection. Before a connection exists nothing can have changed. */
export const fromTransport = <E>(
  loss: Loss<E>,
  request: Request,
  host: string,
  cause: unknown
): E | EngineUnreachable | EngineRefused => {
  const code = codeOf(cause)
  const { operation } = request
  if (code === "EACCES" || code === "EPERM") {
    return new EngineRefused({ operation, host, reason: `the system refuses access to its socket (${code})` })
  }
  return happensBeforeSending(code, cause)
    ? new EngineUnreachable({ operation, host, reason: transportReason(code, cause), cause })
    : loss.broken(request, host, cause)
}

const codeOf = (cause: unknown): string | undefined =>
  Predicate.hasProperty(cause, "code") ? String(cause.code) : undefined

const happensBeforeSending = (code: string | undefined, cause: unknown): boolean =>
  (Predicate.hasProperty(cause, "syscall") && (cause.syscall === "connect" || cause.syscall === "getaddrinfo")) ||
  (code !== undefined && /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code))

const transportReason = (code: string | undefined, cause: unknown): string => {
  switch (code) {
    case "ENOENT":
      return "its socket does not exist"
    case "ECONNREFUSED":
      return "nothing listens there"
    case "ECONNRESET":
    case "EPIPE":
      return "the connection broke"
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name could not be resolved"
    default:
      return Predicate.isError(cause) ? cause.message : String(cause)
  }
}

/** An answer with a status that has no meaning for the operation. */
export const unexpected = (request: Request, host: string, answer: EngineResponse): EngineError | EngineRefused => {
  const reason = reasonOf(answer.text)
  const { operation } = request
  return answer.status === 401 || answer.status === 403
    ? new EngineRefused({ operation, host, reason })
    : new EngineError({ operation, status: answer.status, reason })
}

const Explained = Schema.parseJson(Schema.Struct({ message: Schema.String }))
const decodeExplained = Schema.decodeUnknownEither(Explained)

/** The text of the engine, as a sentence without full stop. */
export const reasonOf = (text: string): string => {
  const words = Either.match(decodeExplained(text), { onLeft: () => text, onRight: ({ message }) => message })
  const trimmed = words.trim().replace(/\.$/, "")
  return trimmed === "" ? "it gave no reason" : trimmed.slice(0, 2_000)
}
