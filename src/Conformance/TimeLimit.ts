/** The time limit of laws, which the limit of vitest's configuration does not change. */
import { describe } from "@effect/vitest"
import * as Duration from "effect/Duration"

/**
 * Options of a suite.
 *
 * @category models
 * @since 0.1.0
 */
export interface SuiteOptions {
  /** The time that each law may take; default two minutes. */
  readonly timeLimit?: Duration.DurationInput | undefined
}

/** Registers the laws of a suite with a time limit for each. */
export const describeLaws = (name: string, { timeLimit = "2 minutes" }: SuiteOptions, register: () => void): void => {
  describe(name, { timeout: Duration.toMillis(timeLimit) }, register)
}
