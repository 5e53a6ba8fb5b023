/** The meaning of the API's responses. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ApiConflict, ApiForbidden, ApiRejected } from "./Errors.js"
import type { ApiResponse, Request } from "./Transport.js"

/** True for a response that has what the request asked for. */
export const isSuccess = ({ status }: ApiResponse): boolean => status >= 200 && status < 300

/** Reads the body of a response. */
export const read = <A, I>(
  schema: Schema.Schema<A, I>,
  { operation, resource }: Request,
  { status, text }: ApiResponse
): Effect.Effect<A, ApiRejected> =>
  Effect.mapError(
    Schema.decodeUnknown(Schema.parseJson(schema))(text),
    (error) =>
      new ApiRejected({
        operation,
        resource,
        status,
        reason: `its response has an unknown form (${ParseResult.TreeFormatter.formatErrorSync(error)})`
      })
  )

/** The failure of a query. */
export const failureOf = (server: string, request: Request, response: ApiResponse): ApiForbidden | ApiRejected => {
  const { message } = statusOf(response)
  const { operation, resource } = request
  return response.status === 401 || response.status === 403
    ? new ApiForbidden({ operation, server, unauthenticated: response.status === 401, reason: message })
    : new ApiRejected({ operation, resource, status: response.status, reason: message })
}

/**
 * The failure of a change. A quota and Pod Security refuse with the status of a missing right; only the message shows the
 * difference, so both keep it.
 */
export const changeFailureOf = (
  server: string,
  request: Request,
  response: ApiResponse
): ApiForbidden | ApiRejected | ApiConflict => {
  if (response.status !== 409) return failureOf(server, request, response)
  const { details, message } = statusOf(response)
  return new ApiConflict({
    operation: request.operation,
    resource: request.resource,
    conflicts: details.causes.flatMap(({ field, message: text, reason }) =>
      reason === "FieldManagerConflict" ? [{ field, manager: /"([^"]*)"/.exec(text)?.[1] ?? "another manager" }] : []
    ),
    reason: message
  })
}

// internal

const Cause = Schema.Struct({
  reason: Schema.optionalWith(Schema.String, { default: () => "" }),
  message: Schema.optionalWith(Schema.String, { default: () => "" }),
  field: Schema.optionalWith(Schema.String, { default: () => "" })
})

const noDetails = { causes: [] }

const Details = Schema.Struct({ causes: Schema.optionalWith(Schema.Array(Cause), { default: () => [] }) })

const Status = Schema.Struct({
  message: Schema.optionalWith(Schema.String, { default: () => "it gave no reason" }),
  details: Schema.optionalWith(Details, { default: () => noDetails })
})

const decodeStatus = Schema.decodeUnknownEither(Schema.parseJson(Status))

const statusOf = ({ text }: ApiResponse): typeof Status.Type =>
  Either.match(decodeStatus(text), {
    onLeft: () => ({ message: text.trim().slice(0, 2_000) || "it gave no reason", details: noDetails }),
    onRight: (status) => ({ ...status, message: status.message.trim().replace(/\.$/, "") })
  })
