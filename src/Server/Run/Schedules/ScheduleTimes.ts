/** The times of a schedule for which runs start. */
import type * as Schedules from "../../../Pipeline/Schedules.js"

/** A firing that is later than this was missed: no process served when it was due. */
export const graceMillis = 60_000

/** More times are not looked at: a schedule of every second has so many in a quarter of an hour. */
const most = 1_000

/** The times from `from` to `now` that fire: those in time, and of the missed ones those that the schedule wants. */
export const due = (schedule: Schedules.Schedule, from: number, now: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let at = recent(schedule, from, now); at <= now; at = schedule.next(at)) {
    times.push(at)
    if (times.length > most) times.shift()
  }
  const late = times.filter((at) => at < now - graceMillis)
  const inTime = times.slice(late.length)
  return [...wanted(schedule.missed, late, inTime.length > 0), ...inTime]
}

// internal

/** The first time to look at: far back, only about as many times as may be wanted. */
const recent = ({ next }: Schedules.Schedule, from: number, now: number): number => {
  let at = from
  for (let count = 0; count < most && at <= now; count++) at = next(at)
  return at > now ? from : next(Math.max(from, now - (at - from)) - 1)
}

const wanted = (missed: Schedules.Missed, late: ReadonlyArray<number>, hasNewer: boolean): ReadonlyArray<number> => {
  if (missed === "skip") return []
  if (missed === "last") return hasNewer ? [] : late.slice(-1)
  return late.slice(-missed.all)
}
