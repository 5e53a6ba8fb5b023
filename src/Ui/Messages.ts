/** The sentences of failures. A failure crosses the control API as its fields; the page shows its message and its code. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { codeOf } from "../Contract/ErrorCodes.js"
import * as Failures from "../Control/Failures.js"

/** Adds the message and the code of the failure in a response. Other responses stay. */
export const withMessage = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse => {
  if (response.status < 400 || response.body._tag !== "Uint8Array") return response
  return Option.match(decode(text.decode(response.body.body)), {
    onNone: () => response,
    onSome: (failure) =>
      HttpServerResponse.unsafeJson(
        { _tag: failure._tag, code: codeOf(failure), message: failure.message },
        { status: response.status }
      )
  })
}

// internal

const text = new TextDecoder()

const decode = Schema.decodeOption(
  Schema.parseJson(
    Schema.Union(
      ...Failures.AuthKeyChangeError.members,
      ...Failures.LogsError.members,
      ...Failures.RunError.members,
      ...Failures.ReconcileError.members
    )
  )
)
