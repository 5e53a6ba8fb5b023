/**
 * What an engine fails with, in the words of the backend contract.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import {
  DeploymentDeprovisionFailed,
  DeploymentProvisionFailed,
  EngineUnavailable,
  OutcomeUnknown
} from "../../Errors/Lifecycle.js"
import type { BackendProvisionError } from "../../Flavor/Backend.js"
import { errorClause } from "../../Flavor/ErrorText.js"
import type {
  ContainerNotFound,
  ContainerRunning,
  ImageNotFound,
  NetworkInUse,
  NetworkNotFound,
  QueryError,
  StartError
} from "../DockerClient.js"
import type { GivingError, TakingError } from "./Mounts/Strategy.js"

/**
 * Kind of deployer.
 *
 * @category constants
 * @since 0.1.0
 */
export const flavor = "docker"

/**
 * How starting an instance fails, before it is put in the words of the contract.
 *
 * @category errors
 * @since 0.1.0
 */
export type StartingError =
  | BackendProvisionError
  | GivingError
  | TakingError
  | StartError
  | ImageNotFound
  | NetworkNotFound
  | ContainerRunning

/**
 * How ending an instance fails, before it is put in the words of the contract.
 *
 * @category errors
 * @since 0.1.0
 */
export type EndingError = TakingError | ContainerRunning | NetworkInUse

/**
 * How looking at an instance fails, before it is put in the words of the contract.
 *
 * @category errors
 * @since 0.1.0
 */
export type LookingError = QueryError | ContainerNotFound | EngineUnavailable | PlatformError

/**
 * The engine, or what we know about the instance, could not be asked.
 *
 * @category mapping
 * @since 0.1.0
 */
export const toUnavailable =
  (operation: string) =>
  (error: LookingError): EngineUnavailable =>
    error._tag === "EngineUnavailable"
      ? error
      : new EngineUnavailable({ flavor, operation, reason: whyUnavailable(error), cause: error })

const whyUnavailable = (error: Exclude<LookingError, EngineUnavailable>): string => {
  switch (error._tag) {
    case "EngineUnreachable":
      return `${error.reason} (${error.host}); start it, or set DOCKER_HOST to one that runs`
    case "EngineRefused":
      return `${error.reason} (${error.host}); join the group that may use it, often "docker"`
    default:
      return errorClause(error)
  }
}

/**
 * @category mapping
 * @since 0.1.0
 */
export const toProvisionError =
  (name: string) =>
  (error: StartingError): BackendProvisionError => {
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

/**
 * @category mapping
 * @since 0.1.0
 */
export const toDeprovisionError =
  (name: string) =>
  (error: EndingError): DeploymentDeprovisionFailed | EngineUnavailable | OutcomeUnknown => {
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

/**
 * Asks again, a few times, when the answer was lost. For what can be asked twice.
 *
 * @category error handling
 * @since 0.1.0
 */
export const repeated = <A, E, R>(
  effect: Effect.Effect<A, E | OutcomeUnknown, R>
): Effect.Effect<A, E | OutcomeUnknown, R> =>
  Effect.retry(effect, { times: 3, while: (error) => error instanceof OutcomeUnknown })

/**
 * Why something cannot be provisioned, in one sentence without full stop.
 *
 * @category constructors
 * @since 0.1.0
 */
export const failed = (name: string, reason: string): DeploymentProvisionFailed =>
  new DeploymentProvisionFailed({ name, reason, logs: [] })
