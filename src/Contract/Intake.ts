/**
 * The file with the intake of a deployment. All services of the deployment read it, and read it again when it has changed,
 * so a pause or a maintenance starts and ends without a restart.
 */
import * as Schema from "effect/Schema"
import { Intake } from "../Deployment/Intake.js"

/**
 * The contents of the file; without `intake` the deployment accepts runs.
 *
 * @category schemas
 * @since 0.2.0
 */
export const IntakeFile = Schema.Struct({ formatVersion: Schema.Literal(1), intake: Schema.optional(Intake) })

export type IntakeFile = typeof IntakeFile.Type

/**
 * The text of the file.
 *
 * @category encoding
 * @since 0.2.0
 */
export const encodeIntakeFile = (intake: Intake | undefined): string =>
  Schema.encodeSync(Schema.parseJson(IntakeFile))({ formatVersion: 1, ...(intake === undefined ? {} : { intake }) })

/**
 * The name of the file, in the folder of the run store, where it outlives instances.
 *
 * @category constants
 * @since 0.2.0
 */
export const intakeFile = "intake.json"

/**
 * The time in milliseconds for which a service may use the intake after it has read the file.
 *
 * @category constants
 * @since 0.2.0
 */
export const intakeMaxAgeMillis = 100
