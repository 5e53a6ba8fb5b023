/** Failures of an engine in the words of the deployer contract. */
import type { PlatformError } from "@effect/platform/Error"
import { EngineUnavailable, type OutcomeUnknown } from "../Errors/Lifecycle.js"
import { errorClause } from "../Flavor/ErrorText.js"
import type { ArchiveRejected, ContainerNotFound, ContainerRunning, QueryError } from "./Client/Errors.js"
import type { ArchiveFailed } from "./Image/LayerTar.js"

/**
 * The kind of deployer.
 *
 * @category constants
 * @since 0.1.0
 */
export const flavor = "docker"

/** The failures of an observation. */
export type ObserveError = QueryError | ContainerNotFound | EngineUnavailable | PlatformError

/** The failures of a change at a door. */
export type SteerError = ObserveError | ArchiveFailed | ArchiveRejected | ContainerRunning | OutcomeUnknown

/**
 * The engine, or the files of the home, could not be read, or a door not be changed.
 *
 * @param operation follows "could not be asked to"
 */
export const toUnavailable =
  (operation: string) =>
  (error: SteerError): EngineUnavailable =>
    error._tag === "EngineUnavailable"
      ? error
      : new EngineUnavailable({ flavor, operation, reason: reasonOf(error), cause: error })

// internal

const reasonOf = (error: Exclude<SteerError, EngineUnavailable>): string => {
  switch (error._tag) {
    case "EngineUnreachable":
      return `${error.reason} (${error.host}); start the engine, or set DOCKER_HOST to one that is running`
    case "EngineRefused":
      return `${error.reason} (${error.host}); join the group that may use it, often "docker"`
    default:
      return errorClause(error)
  }
}
