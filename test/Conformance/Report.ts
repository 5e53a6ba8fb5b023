/** Counts that a run prints. */
import { Effect } from "effect"
import type { Simulation } from "effect-deployers/Conformance"
import { isLong } from "../Long.js"

/** Other tests may want the machine too; `npm run test:long` takes what it takes. */
export const patience = isLong ? 0 : 900_000

export const say = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${text}\n`)
  })

export const told = (counts: ReadonlyMap<string, number>): string =>
  Array.from(counts, ([what, count]) => `${what} ${count}`).join(", ")

export const sayLives = (flavor: string, { commands, happened, lives, seconds }: Simulation.Summary) => {
  const days = (seconds / 86_400).toFixed(1)
  const faults = new Map(Array.from(happened).filter(([what]) => /^(fault|error|takeover|reconcile)/.test(what)))
  return say(`${lives} lives, ${flavor}: ${commands} commands in ${days} days of virtual time; ${told(faults)}`)
}
