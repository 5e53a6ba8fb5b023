/** The request of a run for the process that goes on with it: the pipeline reads there what it has read before. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CallerKey, KeyScope } from "../../../Contract/Keys.js"
import * as Request from "../../../Run/Request.js"
import type { RunRequest } from "../../../Run.js"
import type * as InvokeRequest from "../InvokeRequest.js"

/** The members of a lease that describe the request. */
export const fields = {
  caller: Schema.optional(Schema.String),
  scopes: Schema.optional(Schema.Array(KeyScope)),
  asked: Schema.optional(
    Schema.Struct({
      method: Schema.optional(Schema.String),
      path: Schema.optional(Schema.String),
      headers: Schema.Record({ key: Schema.String, value: Schema.String }),
      remoteAddress: Schema.optional(Schema.String)
    })
  )
}

const Kept = Schema.Struct(fields)

/** The members for the options of a run. */
export const of = ({ caller, request }: InvokeRequest.Origin): typeof Kept.Type => ({
  caller: caller?.id,
  scopes: caller?.scopes,
  asked: request === undefined ? undefined : askedOf(request())
})

/** The options of the run that goes on. */
export const originOf = (
  { asked, caller, scopes = [] }: typeof Kept.Type,
  requestId: string | undefined
): Pick<InvokeRequest.Origin, "caller" | "request"> => {
  const key: CallerKey | undefined = caller === undefined ? undefined : { id: caller, scopes }
  const described: RunRequest = {
    method: Option.fromNullable(asked?.method),
    path: Option.fromNullable(asked?.path),
    headers: asked?.headers ?? Request.none.headers,
    caller: Option.map(Option.fromNullable(key), ({ id, scopes }) => ({ keyId: id, scopes })),
    requestId: Option.fromNullable(requestId),
    remoteAddress: Option.fromNullable(asked?.remoteAddress)
  }
  return { caller: key, request: () => described }
}

// internal

const askedOf = ({ headers, method, path, remoteAddress }: RunRequest) => ({
  method: Option.getOrUndefined(method),
  path: Option.getOrUndefined(path),
  headers,
  remoteAddress: Option.getOrUndefined(remoteAddress)
})
