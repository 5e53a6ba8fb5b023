/** Ways to break an operation off. */
import * as Faults from "../../Testing/Faults.js"

/**
 * The extent of a fault: one point only, that point and all later ones, or the whole service from that point.
 *
 * @category models
 * @since 0.1.0
 */
export type Persistence = "once" | "from then on" | "outage"

/**
 * One way to break an operation off.
 *
 * @category models
 * @since 0.1.0
 */
export interface FaultMode {
  readonly fault: Faults.Fault
  readonly persistence: Persistence
}

/**
 * Every way: six modes, once and for good where that makes a difference, and outages of one service.
 *
 * @category constants
 * @since 0.1.0
 */
export const everyWay: ReadonlyArray<FaultMode> = [
  ...[Faults.failBefore, Faults.actThenFail, Faults.hang].flatMap((fault) => [
    { fault, persistence: "once" as const },
    { fault, persistence: "from then on" as const }
  ]),
  { fault: Faults.failBefore, persistence: "outage" },
  { fault: Faults.crash, persistence: "once" },
  { fault: Faults.actThenCrash, persistence: "once" },
  { fault: Faults.freeze, persistence: "once" }
]

/**
 * The plan of a way at a point.
 *
 * @category constructors
 * @since 0.1.0
 */
export const planOf = ({ fault, persistence }: FaultMode, at: number): Faults.Plan => {
  switch (persistence) {
    case "once":
      return Faults.once(at, fault)
    case "from then on":
      return Faults.fromNOn(at, fault)
    case "outage":
      return Faults.outage(at, fault)
  }
}
