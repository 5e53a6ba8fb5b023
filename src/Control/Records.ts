/** The records of deployments that a deployer does not have: the audit log of the registry, and runs. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Endpoints } from "../Client/Endpoints.js"
import * as Queries from "../Client/Queries.js"
import type { KeyError } from "../Client/Wire.js"
import { DeploymentHttpError } from "../Contract/Errors.js"
import type { RunPage } from "../Contract/Responses.js"
import type { RunLogPage } from "../Contract/RunLog.js"
import type { Run, RunStatus } from "../Contract/RunRecord.js"
import type { DeploymentEvent } from "../Deployment/DeploymentEvent.js"
import type { StoreError } from "../Errors/Stores.js"
import { EventStore } from "../Store/EventStore.js"
import type * as Failures from "./Failures.js"
import { withoutKeyErrors } from "./KeyErrors.js"

/**
 * A selection of runs.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunsQuery {
  readonly status?: RunStatus | undefined
  readonly session?: string | undefined
  /** At most 100; default 20. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

/**
 * A part of a sequence.
 *
 * @category models
 * @since 0.2.0
 */
export interface Part {
  /** Only items after this sequence number. */
  readonly after?: number | undefined
  readonly limit?: number | undefined
}

/**
 * Reads of records, by the name or the id of a deployment.
 *
 * @category models
 * @since 0.2.0
 */
export interface Service {
  /** The audit log, oldest first; at most 1,000 events. */
  readonly events: (ref: string, part: Part) => Effect.Effect<ReadonlyArray<DeploymentEvent>, StoreError>
  /** The runs of a deployment without their data, newest first. */
  readonly runs: (ref: string, query: RunsQuery) => Effect.Effect<typeof RunPage.Type, Failures.RecordsError>
  /** A run with its steps. */
  readonly run: (ref: string, id: string) => Effect.Effect<Run, Failures.RunError>
  /** The lines that a run logged, in their order. */
  readonly runLogs: (ref: string, id: string, part: Part) => Effect.Effect<RunLogPage, Failures.RunError>
}

/**
 * The records that a control server reads. Default: none, and each question about them fails with a sentence.
 *
 * @category services
 * @since 0.2.0
 */
export class Records extends Context.Reference<Records>()("effect-deployers/Control/Records", {
  defaultValue: (): Service => ({
    events: () => Effect.succeed([]),
    runs: unavailable,
    run: unavailable,
    runLogs: unavailable
  })
}) {}

/**
 * Runs as the deployments answer them, with the keys of the registry, and the events of the registry.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make: Effect.Effect<Service, never, EventStore | Endpoints | HttpClient.HttpClient> = Effect.gen(
  function* () {
    const events = yield* EventStore
    const context = yield* Effect.context<Endpoints | HttpClient.HttpClient>()
    const answered = <A, E>(
      ref: string,
      query: Effect.Effect<A, E | KeyError, Endpoints | HttpClient.HttpClient>
    ): Effect.Effect<A, Exclude<E, KeyError> | DeploymentHttpError> =>
      Effect.provide(withoutKeyErrors(ref, query), context)
    return {
      events: (ref, part) => events.list({ ref, ...part }),
      runs: (ref, query) => answered(ref, Queries.runs(ref, query)),
      run: (ref, id) => answered(ref, Queries.run(ref, id)),
      runLogs: (ref, id, part) => answered(ref, Queries.logs(ref, id, part))
    }
  }
)

/**
 * The records of {@link make}, for a control server.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<never, never, EventStore | Endpoints | HttpClient.HttpClient> = Layer.effect(
  Records,
  make
)

// internal

const unavailable = (ref: string): Effect.Effect<never, DeploymentHttpError> =>
  Effect.fail(
    new DeploymentHttpError({
      deployment: ref,
      reason: "this control server reads no runs; provide ControlRecords.layer to it"
    })
  )
