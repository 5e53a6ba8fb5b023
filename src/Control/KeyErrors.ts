/** Refusals of the key with which a control server asks a deployment. */
import * as Effect from "effect/Effect"
import type { KeyError } from "../Client/Wire.js"
import { DeploymentHttpError } from "../Contract/Errors.js"

/** A refusal of the registry's key is a fault between server and deployment; the caller of the server has its own token. */
export const withoutKeyErrors = <A, E, R>(
  ref: string,
  query: Effect.Effect<A, E | KeyError, R>
): Effect.Effect<A, Exclude<E, KeyError> | DeploymentHttpError, R> =>
  Effect.catchAll(query, (error) =>
    Effect.fail(
      isKeyError(error)
        ? new DeploymentHttpError({ deployment: ref, reason: `it refuses the key of the registry: ${error._tag}` })
        : (error as Exclude<E, KeyError>)
    )
  )

// internal

const keyErrors: ReadonlySet<unknown> = new Set([
  "Unauthorized",
  "Forbidden",
  "TooManyFailedKeys"
] satisfies ReadonlyArray<KeyError["_tag"]>)

const isKeyError = (error: unknown): error is KeyError =>
  typeof error === "object" && error !== null && "_tag" in error && keyErrors.has(error._tag)
