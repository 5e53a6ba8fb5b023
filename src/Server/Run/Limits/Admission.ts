/** Limits the runs of a process: the runs in progress, the runs that wait, and the time they compute in one turn of the event loop. */
import type * as Clock from "effect/Clock"
import type { ServiceInMaintenance } from "../../../Contract/Errors.js"
import type { NextTurn } from "../../HotPath/TickBatcher.js"
import type { Claim } from "./CallerLimits.js"

/** The place of a run, or its position in the queue. */
export interface Slot {
  /** True when every place is taken, so that the run waits. */
  readonly isWaiting: boolean
  /**
   * Calls `start` once, when the place of a waiting run is free. A run with `refuse` can be refused instead, by
   * {@link Admission.refuse}, which frees its seat.
   */
  readonly onReady: (start: () => void, refuse?: Refuse) => void
  /** Frees the place, or leaves the queue. The first call counts. */
  readonly release: () => void
}

/** Answers a waiting run with an error in place of a start. */
export type Refuse = (error: ServiceInMaintenance) => void

/** The places for runs, with a bounded queue in order of arrival. Runs beyond it are refused at once. */
export interface Admission {
  /**
   * A place, or `undefined` when both the places and the queue are full. A run whose claim does not permit its start waits,
   * and others pass it.
   */
  readonly enter: (claim?: Claim) => Slot | undefined
  /** A place, or a seat of the queue even if that is full, for a run that was accepted before. */
  readonly enterAgain: () => Slot
  /** Charges the turn with the milliseconds that a run without a wait computed before its end or its first pause. */
  readonly computed: (millis: number) => void
  /** From now on every new run waits. Waiting runs may take the free places, too, and those of the queue. */
  readonly pause: () => void
  /** Ends a pause: waiting runs start in order. */
  readonly resume: () => void
  /** Refuses the waiting runs that can be refused. */
  readonly refuse: Refuse
  readonly inFlight: () => number
  readonly queued: () => number
}

/**
 * Makes an admission.
 *
 * Runs that compute without a break leave every place free. They would keep the process from all other work, so runs also
 * wait when the budget of the turn is spent, and then start one by one. Without a queue no run waits for the budget.
 */
export const make = (options: {
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly clock: Clock.Clock
  /** Calls a function in the next turn of the event loop. */
  readonly defer: typeof NextTurn.Service
}): Admission => {
  const { clock, defer, maxConcurrency, maxQueue } = options
  const waiting = new Set<Seat>()
  let inFlight = 0
  let isAdmitting = false
  let isPaused = false
  let byPriority = false
  const admit = () => {
    if (isAdmitting || isPaused) return
    isAdmitting = true
    try {
      for (const seat of byPriority ? sorted(waiting) : waiting) {
        if (inFlight >= maxConcurrency || turn.isSpent()) return
        if (seat.claim?.mayStart() === false || !waiting.delete(seat)) continue
        inFlight++
        seat.claim?.waits(-1)
        seat.claim?.started()
        const startedNanos = clock.unsafeCurrentTimeNanos()
        seat.call()
        turn.spend(Number(clock.unsafeCurrentTimeNanos() - startedNanos) / 1e6)
      }
    } finally {
      isAdmitting = false
    }
  }
  const turn = makeBudget(admit, defer)
  const leave = () => {
    inFlight--
    admit()
  }
  /** Places that are free because all runs wait for a turn, or for the end of a pause, count as seats of the queue. */
  const hasSeat = () =>
    (maxQueue > 0 || isPaused || waiting.size > 0) && inFlight + waiting.size < maxConcurrency + maxQueue
  const place = (claim?: Claim): Slot | undefined => {
    if (isPaused || inFlight >= maxConcurrency || (maxQueue > 0 && turn.isSpent())) return undefined
    // Runs that wait while places are free wait for another run of their caller.
    if (claim === undefined ? waiting.size > 0 : !claim.mayStart()) return undefined
    inFlight++
    claim?.started()
    return { isWaiting: false, onReady: ignore, release: once(leaving(leave, claim)) }
  }
  return {
    inFlight: () => inFlight,
    queued: () => waiting.size,
    computed: turn.spend,
    pause: () => {
      isPaused = true
    },
    resume: () => {
      isPaused = false
      admit()
    },
    refuse: (error) => {
      for (const { refuse } of [...waiting]) refuse?.(error)
    },
    enter: (claim) => {
      const own = place(claim)
      if (own !== undefined) return own
      if (!hasSeat() || claim?.mayWait() === false) return undefined
      claim?.waits(1)
      if (claim !== undefined && claim.priority !== 0) byPriority = true
      return seat(waiting, leaving(leave, claim), claim)
    },
    enterAgain: () => place() ?? seat(waiting, leave, undefined)
  }
}

/**
 * The budget of runs in one turn of the event loop. Runs that exceed it wait for the next turn, so that health checks and
 * other requests are served in between.
 */
export interface EventLoopBudget {
  /** Charges one run with the milliseconds it computed without a break. */
  readonly spend: (millis: number) => void
  /** True when the next runs have to wait for another turn. */
  readonly isSpent: () => boolean
}

/**
 * The milliseconds that runs may compute in one turn. A health check of a service that computes without a break waits
 * about twice as long.
 */
export const budgetMillis = 30

/**
 * The number of runs that may start in one turn. The work around a run takes about 40 us. A run that waits for another
 * turn outlives V8's young generation, so the limit is higher than the usual number of requests in a turn.
 */
export const maxRuns = 2_048

/**
 * Makes a budget that is full again at the start of every turn.
 *
 * @param onNext Called at the start of the turn after one with runs.
 * @param defer Calls a function in the next turn.
 */
export const makeBudget = (onNext: () => void, defer: typeof NextTurn.Service): EventLoopBudget => {
  let spentMillis = 0
  let runs = 0
  const end = () => {
    spentMillis = 0
    runs = 0
    onNext()
  }
  return {
    spend: (millis) => {
      if (++runs === 1) defer(end)
      spentMillis += Math.max(0, millis)
    },
    isSpent: () => spentMillis >= budgetMillis || runs >= maxRuns
  }
}

// internal

/** A seat of the queue. */
interface Seat {
  readonly claim: Claim | undefined
  readonly call: () => void
  refuse?: Refuse
}

/** The seats by priority, and those of one priority in order of arrival. */
const sorted = (waiting: ReadonlySet<Seat>): ReadonlyArray<Seat> =>
  [...waiting].sort((one, other) => (other.claim?.priority ?? 0) - (one.claim?.priority ?? 0))

const leaving = (leave: () => void, claim: Claim | undefined): (() => void) =>
  claim === undefined
    ? leave
    : () => {
        claim.ended()
        leave()
      }

const seat = (waiting: Set<Seat>, leave: () => void, claim: Claim | undefined): Slot => {
  let isCalled = false
  let onCall: (() => void) | undefined
  const own: Seat = {
    claim,
    call: () => {
      isCalled = true
      onCall?.()
    }
  }
  waiting.add(own)
  return {
    isWaiting: true,
    onReady: (start, refuse) => {
      if (refuse !== undefined) own.refuse = refuse
      if (isCalled) start()
      else onCall = start
    },
    release: once(() => {
      if (waiting.delete(own)) claim?.waits(-1)
      else leave()
    })
  }
}

const ignore = (): void => {}

const once = (effect: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    effect()
  }
}
