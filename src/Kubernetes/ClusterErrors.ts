/** Failures of a cluster in the words of the deployer contract. */
import type { EngineUnavailable } from "../Errors/Lifecycle.js"
import * as ErrorText from "../Flavor/ErrorText.js"

/**
 * The kind of deployer.
 *
 * @category constants
 * @since 0.2.0
 */
export const flavor = "kubernetes"

/**
 * The cluster, or the files of the home, could not be read.
 *
 * @param operation follows "could not be asked to"
 */
export const toUnavailable = (operation: string): ((error: Error) => EngineUnavailable) =>
  ErrorText.toUnavailable(flavor, operation)
