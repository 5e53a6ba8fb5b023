/** The laws a simulated deployer is held to, and where each is checked. */
import * as Schema from "effect/Schema"

/**
 * By name: what the law says, and where it is checked.
 *
 * @category constants
 * @since 0.1.0
 */
export const laws = {
  I1: ["at most one active generation, and one instance of it", "Checks.safety"],
  I2: ["no orphan: every instance has a record or an open operation", "Checks.safety"],
  I3: ["foreign resources stay as they are", "Checks.safety"],
  I4: ["the old instance serves until the new one is accepted", "Watch.backend, Checks.safety"],
  I5: ["a failed change is no change, byte for byte", "Checks.unchanged"],
  I8: ["states follow the table of transitions; generations and lease tokens only grow", "Watch.deployments"],
  I9: ["unknown is not absent: every stored state was observed", "Watch.deployments"],
  I10: ["no process makes a change without a lease that it still holds", "Watch.backend, Watch.deployments"],
  I14: ["every failure is typed and declared", "Operations.run"],
  I15: ["everything can be repeated; the second reconcile changes nothing", "Checks.settled"],
  I16: ["a delete leaves nothing", "Checks.gone"],
  S1: ["a reported success is true", "Checks.succeeded"],
  L1: ["when faults stop, registry and reality reach the desired state", "Checks.settled"],
  L3: ["every operation is closed in the end, and no lease remains", "Checks.settled"],
  L5: ["every operation ends", "Operations.run"]
} as const satisfies Readonly<Record<string, readonly [says: string, checkedIn: string]>>

/**
 * The name of a law; {@link laws} says what it demands.
 *
 * @category models
 * @since 0.1.0
 */
export type Law = keyof typeof laws

/**
 * A law that was broken.
 *
 * @category errors
 * @since 0.1.0
 */
export class Violation extends Schema.TaggedError<Violation>()("Violation", {
  law: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    const said = Object.entries(laws).find(([name]) => name === this.law)?.[1][0] ?? "a law"
    return `${this.law} (${said}): ${this.detail}`
  }
}
