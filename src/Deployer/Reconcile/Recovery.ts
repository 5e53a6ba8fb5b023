/** The decision to start a deployment again that should serve and does not. Pure, like the plan. */
import { Action } from "./Action.js"
import type { DeploymentFacts } from "./Facts.js"

/** The actions for a deployment that is desired to run; `undefined` if it serves, or may still become healthy. */
export const recover = (now: number, deployment: DeploymentFacts): ReadonlyArray<Action> | undefined => {
  const broken = problemOf(now, deployment)
  if (broken === undefined || !restarts(deployment)) return undefined
  const { id, name } = deployment
  const recent = recentOf(now, deployment)
  const isLoop = recent.length >= deployment.recovery.maxRestarts
  if (isLoop && !deployment.gaveUp) return crashLoop(deployment, recent.length, broken)
  const until = isLoop ? slowestStart(deployment, recent) : earliestStart(deployment, recent)
  return until > now
    ? [Action.Wait({ id, name, until, reason: broken })]
    : [
        Action.Restore({
          id,
          name,
          generation: deployment.generation,
          attempt: recent.length + 1,
          reason: broken
        })
      ]
}

// internal

/** True if the setting wants a start after this end. An end without a known exit code counts as a failure. */
const restarts = ({ restart, seen }: DeploymentFacts): boolean => {
  switch (restart) {
    case "always":
      return true
    case "never":
      return false
    case "on-failure":
      return seen === "unobservable" || seen.status !== "error" || seen.metadata["exitCode"] !== 0
  }
}

/** The problem as a clause; `undefined` if it serves, or may still become healthy. */
const problemOf = (now: number, { recovery, seen, status, statusSince }: DeploymentFacts): string | undefined => {
  if (seen === "unobservable") return undefined
  switch (seen.status) {
    case "absent":
      return "its instance does not exist"
    case "error":
      return seen.reason ?? "it does not run"
    case "pending": {
      // An operator paused it.
      if (seen.metadata.paused === true) return undefined
      const lasting = status === "pending" && now - statusSince >= recovery.unhealthyMillis
      return lasting ? (seen.reason ?? "it does not become healthy") : undefined
    }
    case "running":
    case "unknown":
      return undefined
  }
}

const recentOf = (now: number, { recovery, restores }: DeploymentFacts): ReadonlyArray<number> =>
  restores.filter((at) => now - at < recovery.windowMillis)

/** The time between two starts doubles within the window, up to a bound. */
const earliestStart = ({ recovery }: DeploymentFacts, recent: ReadonlyArray<number>): number => {
  const last = recent.at(-1)
  if (last === undefined) return 0
  return last + Math.min(recovery.backoffMillis * 2 ** (recent.length - 1), recovery.maxBackoffMillis)
}

/** In a crash loop, each start is as far from the last one as the settings allow. */
const slowestStart = ({ recovery }: DeploymentFacts, recent: ReadonlyArray<number>): number =>
  (recent.at(-1) ?? 0) + recovery.maxBackoffMillis

const crashLoop = (
  { id, name, recovery }: DeploymentFacts,
  restarts: number,
  broken: string
): ReadonlyArray<Action> => {
  const minutes = Math.round(recovery.windowMillis / 60_000)
  const seconds = Math.round(recovery.maxBackoffMillis / 1_000)
  const reason = `it keeps failing after ${restarts} restarts within ${minutes} minutes: ${broken}; the next restarts are ${seconds} s apart`
  return [Action.GiveUp({ id, name, reason })]
}
