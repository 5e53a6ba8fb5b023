/**
 * What a broken connection or an unexpected answer means.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { OutcomeUnknown } from "../../Errors/Lifecycle.js"
import { EngineError, EngineRefused, EngineTimeout, EngineUnreachable } from "./Errors.js"
import type { Answer, Request } from "./Transport.js"

/**
 * How sending a request fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type TransportError = EngineUnreachable | EngineRefused | EngineTimeout | OutcomeUnknown

/**
 * Classifies what the socket said. As long as no connection was made nothing can have changed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromTransport = (request: Request, host: string, cause: unknown): TransportError => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : undefined
  const { operation } = request
  if (code === "EACCES" || code === "EPERM") {
    return new EngineRefused({ operation, host, reason: `the system says ${code} on its socket` })
  }
  if (request.changes && !happensBeforeSending(code, cause)) return lost(request)
  return new EngineUnreachable({ operation, host, reason: transportReason(code, cause), cause })
}

const happensBeforeSending = (code: string | undefined, cause: unknown): boolean =>
  (Predicate.hasProperty(cause, "syscall") && (cause.syscall === "connect" || cause.syscall === "getaddrinfo")) ||
  (code !== undefined && /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|HPE_)/.test(code))

const transportReason = (code: string | undefined, cause: unknown): string => {
  switch (code) {
    case "ENOENT":
      return "its socket does not exist"
    case "ECONNREFUSED":
      return "nobody listens there"
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

/**
 * No answer came in time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const late = (request: Request, deadline: Duration.Duration): TransportError =>
  request.changes
    ? lost(request)
    : new EngineTimeout({ operation: request.operation, timeoutMillis: Duration.toMillis(deadline) })

const lost = ({ operation, resource }: Request): OutcomeUnknown =>
  new OutcomeUnknown({ operation, resource: resource ?? "the engine" })

/**
 * An answer whose status the operation has no meaning for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unexpected = (request: Request, host: string, answer: Answer): EngineError | EngineRefused => {
  const reason = reasonOf(answer.text)
  const { operation } = request
  return answer.status === 401 || answer.status === 403
    ? new EngineRefused({ operation, host, reason })
    : new EngineError({ operation, status: answer.status, reason })
}

const Explained = Schema.parseJson(Schema.Struct({ message: Schema.String }))
const decodeExplained = Schema.decodeUnknownEither(Explained)

/**
 * The engine's own words, as a sentence without full stop.
 *
 * @category accessors
 * @since 0.1.0
 */
export const reasonOf = (text: string): string => {
  const words = Either.match(decodeExplained(text), { onLeft: () => text, onRight: ({ message }) => message })
  const trimmed = words.trim().replace(/\.$/, "")
  return trimmed === "" ? "it gave no reason" : trimmed.slice(0, 2_000)
}
