/** A request to this backend, and the words for what it cannot do. */
import { DeploymentProvisionFailed } from "../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../Flavor/Instance.js"
import type { SwarmSettings } from "../Settings.js"

/** A request to this backend. */
export type Request = ProvisionRequest<SwarmSettings>

/** True if the run store of a request is one that all tasks share. */
export const isShared = ({ settings }: Pick<Request, "settings">): boolean =>
  settings.serving.runStoreSecret !== undefined

/**
 * A deployment cannot be provisioned.
 *
 * @param reason one sentence without full stop
 */
export const failed = (name: string, reason: string): DeploymentProvisionFailed =>
  new DeploymentProvisionFailed({ name, reason, logs: [] })
