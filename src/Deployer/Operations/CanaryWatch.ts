/** The watch of a candidate, which ends a canary whose runs fail too often. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AbortRule } from "../../Deployment/Candidate.js"
import { CanaryAborted, CanaryNotFound } from "../../Errors/Canary.js"
import { invalidSettings } from "../../Internal/InvalidSettings.js"
import type { WatchError, Watched, WatchOptions } from "../Contract.js"
import { type DeployerContext, requireDeployment } from "../DeployerContext.js"
import { abort } from "./Canary.js"
import { type Counts, readInto, totalOf } from "./CandidateRuns.js"

/** Watches until the end of the time, or until the rule ends the canary. Holds no lease. */
export const watch = (
  context: DeployerContext,
  ref: string,
  { abortOnPercent, forMillis = 600_000, minRuns = 20 }: WatchOptions
): Effect.Effect<Watched, WatchError> =>
  Effect.gen(function* () {
    const rule = yield* Effect.mapError(decodeRule({ abortOnPercent, forMillis, minRuns }), invalidSettings)
    const end = (yield* Clock.currentTimeMillis) + rule.forMillis
    const first = yield* candidateOf(context, ref)
    const { generation } = first.candidate
    let counts: Counts = new Map()
    let now = first
    while (true) {
      counts = yield* readInto(context, now.record, now.candidate, counts)
      const { ended, failed } = totalOf(counts)
      const isEnough = ended >= rule.minRuns
      if (isEnough && failed / ended > rule.abortOnPercent / 100) {
        const { name } = now.record.deployment
        const aborted = new CanaryAborted({ name, generation, failed, ended, abortOnPercent: rule.abortOnPercent })
        yield* abort(context, ref, { generation, reason: `${failed} of ${ended} runs failed.` })
        return yield* aborted
      }
      const left = end - (yield* Clock.currentTimeMillis)
      if (left <= 0) return { deployment: now.record.deployment, failed, ended, isEnough }
      yield* Effect.sleep(Math.min(beatMillis, left))
      now = yield* candidateOf(context, ref, generation)
    }
  })

// internal

const decodeRule = Schema.decode(AbortRule, { errors: "all" })

/** Longer than a service keeps an idle connection, so that each reading may reach another pod. */
const beatMillis = 5_000

/** Fails when the canary was ended by another command. */
const candidateOf = (context: DeployerContext, ref: string, generation?: number) =>
  Effect.gen(function* () {
    const record = yield* requireDeployment(context.deployments, ref)
    const { candidate, name } = record.deployment
    if (candidate === undefined || (generation !== undefined && candidate.generation !== generation)) {
      return yield* new CanaryNotFound({ name })
    }
    return { record, candidate }
  })
