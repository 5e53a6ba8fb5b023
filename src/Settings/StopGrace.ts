/** The time for a stop follows the time for a drain, and the other way round: a drain that outlasts the stop is cut off. */
import * as Predicate from "effect/Predicate"
import type { Issue } from "../Errors/Issue.js"

type Layer = Readonly<Record<string, unknown>>

/** The default of `serving.drainTimeoutMillis`. */
export const defaultDrainMillis = 25_000

/** The default of `stopGraceMillis`. */
export const defaultGraceMillis = 30_000

/**
 * Merged settings in which a time that is not given follows the given one: the grace is five seconds longer than the drain, and
 * the drain takes five sixths of a grace that is shorter than usual.
 */
export const withStopGrace = (settings: Layer): Layer => {
  const { drain, grace } = timesOf(settings)
  if (drain !== undefined && grace === undefined) return { ...settings, stopGraceMillis: graceFor(drain) }
  if (drain === undefined && grace !== undefined) return withDrain(settings, drainWithin(grace))
  return settings
}

/** The fault of settings that give both times, and a drain that outlasts the stop. */
export const stopGraceIssue = (settings: Layer): Issue | undefined => {
  const { drain, grace } = timesOf(settings)
  return drain === undefined || grace === undefined || drain <= grace
    ? undefined
    : {
        path: "stopGraceMillis",
        reason: `${grace} is shorter than serving.drainTimeoutMillis (${drain}), so a stop would end runs that may still drain; give at least ${graceFor(drain)}, a shorter drainTimeoutMillis, or only one of the two`
      }
}

/** Stored settings without the times that no caller gave: the defaults, and a time that follows the other one. */
export const withoutDerived = (settings: Layer): Layer => {
  const { drain, grace } = timesOf(settings)
  const isGraceDerived = grace === defaultGraceMillis || (drain !== undefined && grace === graceFor(drain))
  const isDrainDerived = drain === defaultDrainMillis || (grace !== undefined && drain === drainWithin(grace))
  const kept = isDrainDerived ? withDrain(settings, undefined) : settings
  if (!isGraceDerived) return kept
  const { stopGraceMillis: _, ...rest } = kept
  return rest
}

// internal

/** The time between the end of the last run and the kill: answers leave, and the warm layers are released. */
const marginMillis = defaultGraceMillis - defaultDrainMillis

const graceFor = (drain: number): number => drain + marginMillis

const drainWithin = (grace: number): number =>
  Math.min(defaultDrainMillis, Math.floor((grace * defaultDrainMillis) / defaultGraceMillis))

const timesOf = ({ serving, stopGraceMillis }: Layer) => ({
  drain: numberOf(servingOf(serving)["drainTimeoutMillis"]),
  grace: numberOf(stopGraceMillis)
})

const servingOf = (serving: unknown): Layer => (Predicate.isReadonlyRecord(serving) ? serving : {})

/** The number, if it is one; decoding refuses everything else. */
const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined)

const withDrain = (settings: Layer, drain: number | undefined): Layer => {
  const { drainTimeoutMillis: _, ...others } = servingOf(settings["serving"])
  return { ...settings, serving: drain === undefined ? others : { ...others, drainTimeoutMillis: drain } }
}
