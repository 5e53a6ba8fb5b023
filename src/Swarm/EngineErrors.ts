/** The kind of deployer, and failures of an engine in the words of the deployer contract. */
import type { EngineUnavailable } from "../Errors/Lifecycle.js"
import * as ErrorText from "../Flavor/ErrorText.js"

/**
 * The kind of deployer.
 *
 * @category constants
 * @since 0.2.0
 */
export const flavor = "swarm"

/** The swarm could not be asked, so its state is unknown. */
export const toUnavailable = (operation: string): ((error: Error) => EngineUnavailable) =>
  ErrorText.toUnavailable(flavor, operation)
