import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"

/** Why a change failed, for the record. */
export const reasonOf = (cause: Cause.Cause<{ readonly message: string }>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => (Cause.isInterrupted(cause) ? "it was interrupted" : "an unexpected failure"),
    onSome: (error) => error.message
  })

/** The same failure with the last lines of the instance's log, if it is one that has room for them. */
export const withLogs = <E extends { readonly _tag: string }>(
  error: E,
  logs: ReadonlyArray<string>
): E | DeploymentProvisionFailed | DeploymentTimeout => {
  if (error instanceof DeploymentProvisionFailed) {
    return new DeploymentProvisionFailed({ ...error, logs: error.logs.length > 0 ? error.logs : logs })
  }
  return error instanceof DeploymentTimeout ? new DeploymentTimeout({ ...error, logs }) : error
}
