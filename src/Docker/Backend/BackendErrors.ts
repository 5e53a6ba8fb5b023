/** The failures of the backend, and their translation to those of the backend contract. */
import * as Effect from "effect/Effect"
import { DeploymentProvisionFailed, OutcomeUnknown } from "../../Errors/Lifecycle.js"
import type { BackendDeprovisionError, BackendProvisionError } from "../../Flavor/Backend.js"
import * as ErrorText from "../../Flavor/ErrorText.js"
import { EngineRefused, EngineTimeout, EngineUnreachable } from "../Client/Errors.js"
import type {
  ContainerRunning,
  StartError as EngineStartError,
  ImageNotFound,
  NetworkInUse,
  NetworkNotFound
} from "../DockerClient.js"
import { toUnavailable } from "../EngineErrors.js"
import type { IntakeError, RemoveError, WriteError } from "./Mounts/Strategy.js"

/** The failures of a start. */
export type StartError =
  | BackendProvisionError
  | WriteError
  | RemoveError
  | EngineStartError
  | ImageNotFound
  | NetworkNotFound
  | ContainerRunning

/** The failures of an end, or of a change while the container runs. */
export type EndError = RemoveError | IntakeError | ContainerRunning | NetworkInUse

/** A failed start, for the caller of `provision`. */
export const toProvisionError =
  (name: string) =>
  (error: StartError): BackendProvisionError =>
    ErrorText.toProvisionError(name)(ofEngine("start a container")(error))

/** A failed end, for the caller of `deprovision` and `destroy`. */
export const toDeprovisionError =
  (name: string) =>
  (error: EndError): BackendDeprovisionError =>
    ErrorText.toDeprovisionError(name)(ofEngine("remove a container")(error))

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

// internal

/** An engine that does not answer is unavailable; any other failure stays. */
const ofEngine =
  (operation: string) =>
  (error: Error): Error =>
    error instanceof EngineUnreachable || error instanceof EngineRefused || error instanceof EngineTimeout
      ? toUnavailable(operation)(error)
      : error
