/** The services of the command line program, loaded on demand. */
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StoreError } from "../Errors/Stores.js"
import type { Doctor } from "./Doctor.js"
import type { Services } from "./Tree.js"

/**
 * The services of commands on this machine: local processes, the container engine that the environment names, a SQLite
 * registry and the bundler, in one home folder. Building the layer loads the modules, so help starts quickly.
 *
 * @category layers
 * @since 0.1.0
 */
export const services: Layer.Layer<Services, StoreError | ConfigError> = Layer.unwrapEffect(
  Effect.map(
    Effect.promise(() => import("./LiveServices.js")),
    (LiveServices) => LiveServices.layer
  )
)

/**
 * The checks of `doctor` on this machine.
 *
 * @category layers
 * @since 0.1.0
 */
export const doctor: Layer.Layer<Doctor, ConfigError> = Layer.unwrapEffect(
  Effect.map(
    Effect.promise(() => import("./Checks.js")),
    (Checks) => Checks.layer
  )
)
