/** The failures of the backend, and their translation to those of the backend contract. */
import * as Effect from "effect/Effect"
import {
  DeploymentDeprovisionFailed,
  DeploymentProvisionFailed,
  type EngineUnavailable,
  OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { BackendProvisionError } from "../../Flavor/Backend.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import type {
  ContainerRunning,
  StartError as EngineStartError,
  ImageNotFound,
  NetworkInUse,
  NetworkNotFound
} from "../DockerClient.js"
import { toUnavailable } from "../EngineErrors.js"
import type { RemoveError, WriteError } from "./Mounts/Strategy.js"

/** The failures of a start. */
export type StartError =
  | BackendProvisionError
  | WriteError
  | RemoveError
  | EngineStartError
  | ImageNotFound
  | NetworkNotFound
  | ContainerRunning

/** The failures of an end. */
export type EndError = RemoveError | ContainerRunning | NetworkInUse

/** A failed start, for the caller of `provision`. */
export const toProvisionError =
  (name: string) =>
  (error: StartError): BackendProvisionError => {
    switch (error._tag) {
      case "DeploymentProvisionFailed":
      case "PortUnavailable":
      case "ResourceNotOwned":
      case "OutcomeUnknown":
      case "EngineUnavailable":
        return error
      case "EngineUnreachable":
      case "EngineRefused":
      case "EngineTimeout":
        return toUnavailable("start a container")(error)
      default:
        return new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })
    }
  }

/** A failed end, for the caller of `deprovision` and `destroy`. */
export const toDeprovisionError =
  (name: string) =>
  (error: EndError): DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown => {
    switch (error._tag) {
      case "OutcomeUnknown":
      case "EngineUnavailable":
        return error
      case "EngineUnreachable":
      case "EngineRefused":
      case "EngineTimeout":
        return toUnavailable("remove a container")(error)
      default:
        return new DeploymentDeprovisionFailed({ name, reason: errorClause(error), cause: error })
    }
  }

/** Repeats an idempotent request, up to three times, when its answer is lost. */
export const repeated = <A, E, R>(
  effect: Effect.Effect<A, E | OutcomeUnknown, R>
): Effect.Effect<A, E | OutcomeUnknown, R> =>
  Effect.retry(effect, { times: 3, while: (error) => error instanceof OutcomeUnknown })

/**
 * A deployment cannot be provisioned.
 *
 * @param reason one sentence without full stop
 */
export const failed = (name: string, reason: string): DeploymentProvisionFailed =>
  new DeploymentProvisionFailed({ name, reason, logs: [] })
