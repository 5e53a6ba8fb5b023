/** Failures of a flavor in the words of the backend contract. */
import {
  DeploymentDeprovisionFailed,
  DeploymentProvisionFailed,
  EngineUnavailable,
  OutcomeUnknown,
  PortUnavailable,
  ResourceNotOwned
} from "../Errors/Lifecycle.js"
import type { BackendDeprovisionError, BackendProvisionError } from "./Backend.js"

/**
 * The message of an error without its full stop and, unless it is a name, its capital.
 *
 * @category formatting
 * @since 0.1.0
 */
export const errorClause = (error: Error): string =>
  error.message
    .trim()
    .replace(/\.$/, "")
    .replace(/^[A-Z](?=[a-z]* )/, (first) => first.toLowerCase())

/**
 * The failure of a look at an instance: its state is unknown.
 *
 * @param operation follows "could not be asked to"
 *
 * @category errors
 * @since 0.1.0
 */
export const toUnavailable =
  (flavor: string, operation: string) =>
  (error: Error): EngineUnavailable =>
    error instanceof EngineUnavailable
      ? error
      : new EngineUnavailable({ flavor, operation, reason: errorClause(error), cause: error })

/**
 * The failure of a start. An error of the backend contract stays, any other is `DeploymentProvisionFailed`.
 *
 * @param name of the deployment
 *
 * @category errors
 * @since 0.1.0
 */
export const toProvisionError =
  (name: string) =>
  (error: Error): BackendProvisionError =>
    error instanceof DeploymentProvisionFailed ||
    error instanceof PortUnavailable ||
    error instanceof ResourceNotOwned ||
    error instanceof EngineUnavailable ||
    error instanceof OutcomeUnknown
      ? error
      : new DeploymentProvisionFailed({ name, reason: errorClause(error), logs: [], cause: error })

/**
 * The failure of a stop or a removal. An error of the backend contract stays, any other is `DeploymentDeprovisionFailed`.
 *
 * @param name of the deployment
 *
 * @category errors
 * @since 0.1.0
 */
export const toDeprovisionError =
  (name: string) =>
  (error: Error): BackendDeprovisionError =>
    error instanceof DeploymentDeprovisionFailed ||
    error instanceof EngineUnavailable ||
    error instanceof OutcomeUnknown
      ? error
      : new DeploymentDeprovisionFailed({ name, reason: errorClause(error), cause: error })
