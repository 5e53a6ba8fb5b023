/** The targets of deliveries, and the share of a process that each of them gets. */
import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { DeliveryClaim } from "../WebhookStore.js"

/** The parts of a delivery that name its target. */
export type Addressed = Pick<DeliveryClaim, "webhook" | "url">

/** A delivery that is due. */
export interface Due extends Addressed {
  readonly id: string
  readonly dueAt: number
}

/** The number of attempts in progress by target. */
export type Busy = ReadonlyMap<string, number>

/** The target of a delivery: its webhook, or the origin of the URL of a caller, with a slash. */
export const targetOf = ({ url, webhook }: Addressed): string =>
  url === undefined ? webhook : `${new URL(url).origin}/`

/** Counts attempts by target. */
export const countsOf = (held: ReadonlyArray<Addressed>): Busy => {
  const counts = new Map<string, number>()
  for (const one of held) counts.set(targetOf(one), (counts.get(targetOf(one)) ?? 0) + 1)
  return counts
}

/** The targets that have their share. */
export const fullOf = (busy: Busy, perTarget: number): ReadonlySet<string> =>
  new Set(Array.from(busy).flatMap(([target, count]) => (count >= perTarget ? [target] : [])))

/** The oldest deliveries that give no target more than its share. */
export const fairly = (
  due: ReadonlyArray<Due>,
  busy: Busy,
  { limit, perTarget }: { readonly limit: number; readonly perTarget: number }
): ReadonlyArray<string> => {
  const counts = new Map(busy)
  const chosen = Arr.filter(Arr.sort(due, byTime), (one) => {
    const count = counts.get(targetOf(one)) ?? 0
    counts.set(targetOf(one), count + 1)
    return count < perTarget
  })
  return chosen.slice(0, limit).map(({ id }) => id)
}

// internal

const byTime = Order.mapInput(Order.number, ({ dueAt }: Due) => dueAt)
