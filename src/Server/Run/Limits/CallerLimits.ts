/** Counts the runs of each caller, for pipelines that limit them. */
import type * as Clock from "effect/Clock"
import { TooManyRuns } from "../../../Contract/Errors.js"
import type * as Pipeline from "../../../Pipeline.js"
import type { RunRequest } from "../../../Run.js"
import type { Subjects } from "../Execution/Subject.js"

/** The claim of one run to a place. */
export interface Claim {
  /** Higher ones start first. */
  readonly priority: number
  /** True if the caller has fewer runs in progress than it may have. */
  readonly mayStart: () => boolean
  /** True if the caller has fewer runs that wait than it may have. */
  readonly mayWait: () => boolean
  /** Counts the run as one that waits; with -1, as one that does so no longer. */
  readonly waits: (change: 1 | -1) => void
  /** Counts the run as one in progress. */
  readonly started: () => void
  /** Counts the run as ended; it had started. */
  readonly ended: () => void
}

/** Takes the claim of a request, or refuses its run. */
export type CallerLimits = (request: RunRequest) => Claim | TooManyRuns

/** Makes the limits of a pipeline's callers. Of several workers each has its share of the numbers, at least one. */
export const make = (limits: Pipeline.CallerLimits, clock: Clock.Clock, workers: number): CallerLimits => {
  const share = (number: number) => Math.max(1, Math.floor(number / workers))
  const { callerOf, priorityOf } = limits
  const concurrency = share(limits.concurrency)
  const queue = limits.queue === 0 ? 0 : share(limits.queue)
  const rate = limits.rate === undefined ? undefined : { ...limits.rate, runs: share(limits.rate.runs) }
  const callers = new Map<string, Caller>()
  const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
  const find = (name: string): Caller => {
    const known = callers.get(name)
    if (known !== undefined) return known
    if (callers.size >= maxCallers) forgetIdle(callers, now(), rate?.intervalMillis ?? 0)
    const caller = { inFlight: 0, waiting: 0, tokens: rate?.runs ?? 0, at: now() }
    callers.set(name, caller)
    return caller
  }
  return (request) => {
    const caller = find(callerOf(request))
    const waitMillis = rate === undefined ? 0 : take(caller, rate, now())
    if (waitMillis > 0) return tooMany(waitMillis)
    return {
      priority: priorityOf?.(request) ?? 0,
      mayStart: () => caller.inFlight < concurrency,
      mayWait: () => caller.waiting < queue,
      waits: (change) => {
        caller.waiting += change
      },
      started: () => {
        caller.inFlight++
      },
      ended: () => {
        caller.inFlight--
      }
    }
  }
}

/**
 * The limits of the pipelines of a service by the parameters of a run; `undefined` if none has any. Each member of a group
 * counts its own runs; those of the group itself hold for members without any.
 */
export const ofSubjects = (
  { all, of, own }: Subjects,
  clock: Clock.Clock,
  workers: number
): ((parameters: unknown) => CallerLimits | undefined) | undefined => {
  const limited = new Map(
    [own, ...all].flatMap((subject) =>
      subject.callers === undefined ? [] : [[subject, make(subject.callers, clock, workers)] as const]
    )
  )
  return limited.size === 0 ? undefined : (parameters) => limited.get(of(parameters)) ?? limited.get(own)
}

// internal

interface Caller {
  inFlight: number
  waiting: number
  /** Runs that may start now. */
  tokens: number
  /** The time of the last count of the tokens. */
  at: number
}

/** The number of callers after which those without runs are forgotten. */
const maxCallers = 10_000

const forgetIdle = (callers: Map<string, Caller>, now: number, intervalMillis: number): void => {
  for (const [name, { at, inFlight, waiting }] of callers) {
    if (inFlight + waiting === 0 && now - at >= intervalMillis) callers.delete(name)
  }
}

/** Takes a token, or returns the milliseconds until there is one. Tokens come back evenly over the interval. */
const take = (
  caller: Caller,
  { intervalMillis, runs }: { readonly intervalMillis: number; readonly runs: number },
  now: number
): number => {
  caller.tokens = Math.min(runs, caller.tokens + ((now - caller.at) * runs) / intervalMillis)
  caller.at = now
  if (caller.tokens < 1) return ((1 - caller.tokens) * intervalMillis) / runs
  caller.tokens--
  return 0
}

const tooMany = (waitMillis: number): TooManyRuns => {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMillis / 1_000))
  return new TooManyRuns({
    message: `This caller starts more runs than the pipeline permits to one; wait ${retryAfterSeconds} s and try again.`,
    retryAfterSeconds
  })
}
