/** The runs of a candidate, counted from the metrics of its processes. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Routes from "../../Contract/Routes.js"
import type { Candidate } from "../../Deployment/Candidate.js"
import { keepDeadlines } from "../../Internal/Deadline.js"
import type { DeploymentRecord } from "../../Store/DeploymentStore.js"
import { ownersKey } from "../../Store/Registry/AuthKey.js"
import type { DeployerContext } from "../DeployerContext.js"

/** Runs that ended, by the start of the process that counts them, so that the processes of a candidate add up. */
export type Counts = ReadonlyMap<string, { readonly failed: number; readonly succeeded: number }>

/** Adds a reading of the metrics of the candidate; a reading without an answer adds nothing. */
export const readInto = (
  context: DeployerContext,
  record: DeploymentRecord,
  candidate: Candidate,
  counts: Counts
): Effect.Effect<Counts> =>
  Effect.gen(function* () {
    if (candidate.url === undefined) return counts
    const key = ownersKey(record, yield* Clock.currentTimeMillis)
    const opened = key === undefined ? undefined : yield* context.authKeys.open(record.deployment.id, key)
    const request = HttpClientRequest.get(candidate.url + Routes.paths(context.requests.serving(record)).metrics)
    const response = yield* context.http.execute(
      opened === undefined ? request : HttpClientRequest.bearerToken(request, Redacted.value(opened))
    )
    if (response.status !== 200) return counts
    return withReading(counts, yield* response.text)
  }).pipe(
    Effect.scoped,
    Effect.provideService(HttpClient.HttpClient, context.http),
    Effect.timeoutOption("5 seconds"),
    Effect.map(Option.getOrElse(() => counts)),
    Effect.orElseSucceed(() => counts),
    Effect.withTracerEnabled(false),
    keepDeadlines
  )

/** The counts with those of one process in the text of Prometheus. */
export const withReading = (counts: Counts, text: string): Counts => {
  const succeeded = sampleOf(text, 'runs_total{status="succeeded"}')
  const failed = sampleOf(text, 'runs_total{status="failed"}')
  if (succeeded === undefined || failed === undefined) return counts
  const process = String(sampleOf(text, "process_start_time_seconds"))
  return new Map([...counts, [process, { failed, succeeded }]])
}

/** The sums over all processes. */
export const totalOf = (counts: Counts): { readonly failed: number; readonly ended: number } =>
  Array.from(counts.values()).reduce(
    (sum, { failed, succeeded }) => ({ failed: sum.failed + failed, ended: sum.ended + failed + succeeded }),
    { failed: 0, ended: 0 }
  )

// internal

const sampleOf = (text: string, name: string): number | undefined => {
  const start = `deployers_${name} `
  const line = text.split("\n").find((one) => one.startsWith(start))
  return line === undefined ? undefined : Number(line.slice(start.length))
}
