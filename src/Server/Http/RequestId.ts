/** The id of a request: the one that its caller or a proxy gave it in `X-Request-Id`, or a new one. */
import { randomUUID } from "node:crypto"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Predicate from "effect/Predicate"

/** The header of requests and of their responses. */
export const header = "x-request-id"

/**
 * The id of a request. Asked again for the same request, it is the same.
 *
 * @param source Node's request, or a web `Request`
 */
export const of = (source: object, headers: { readonly [name: string]: unknown }): string => {
  const identified: Identified = source
  identified[id] ??= given(headers[header]) ?? randomUUID()
  return identified[id]
}

/** The id of a request of the platform. */
export const ofPlatform = (request: HttpServerRequest.HttpServerRequest): string =>
  of(Predicate.isObject(request.source) ? request.source : request, request.headers)

// internal

/** Kept at the request: a weak map costs every request more. */
const id: unique symbol = Symbol.for("effect-deployers/Server/RequestId")

interface Identified {
  [id]?: string
}

/** An id goes into logs and a header, so it is visible ASCII of a limited length. */
const given = (value: unknown): string | undefined =>
  typeof value === "string" && /^[\x21-\x7e]{1,200}$/.test(value) ? value : undefined
