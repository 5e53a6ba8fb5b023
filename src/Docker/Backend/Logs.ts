/** Reads the log of an instance from the engine. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { LogLine } from "../../Deployment.js"
import { DeploymentLogsNotFound, type EngineUnavailable } from "../../Errors/Lifecycle.js"
import type { Instance, LogsOptions } from "../../Flavor/Backend.js"
import { type ContainerLogLine, DockerClient } from "../DockerClient.js"
import type { BackendContext } from "./BackendContext.js"
import { toUnavailable } from "./Failures.js"
import { findContainer } from "./Lookup.js"

/** The lines of an instance's container. They go when the container goes. */
export const logs = (
  instance: Instance,
  options: LogsOptions
): Stream.Stream<LogLine, DeploymentLogsNotFound | EngineUnavailable, DockerClient | BackendContext> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { containers } = yield* DockerClient
      const found = yield* Effect.mapError(findContainer(instance), toUnavailable("read a log"))
      if (Option.isNone(found)) return yield* nothing(instance)
      return containers.logs(found.value.id, { ...options, timestamps: true }).pipe(
        Stream.map(toLine),
        Stream.catchAll((error) =>
          Stream.fail(error._tag === "ContainerNotFound" ? nothing(instance) : toUnavailable("read a log")(error))
        )
      )
    })
  )

// internal

const nothing = ({ generation, name }: Instance): DeploymentLogsNotFound =>
  new DeploymentLogsNotFound({ name, reason: `there is no container of generation ${generation}; it was removed` })

// A log has very many lines, and what is said of each is known to be right.
const toLine = ({ at, text }: ContainerLogLine): LogLine =>
  new LogLine({ text, ...(at === undefined ? {} : { at }) }, { disableValidation: true })
