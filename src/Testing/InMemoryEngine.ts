/**
 * An engine that runs nothing: instances are entries of a table that tests can look at and break. Its HTTP client
 * answers their health checks, so the whole deployer runs on it in milliseconds.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ProvisionRequest } from "../Flavor/Backend.js"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"

/**
 * How an instance behaves once it was started: it becomes healthy, ends at once, never answers, answers only after 20
 * seconds (`slow`), or leaves every other request unanswered (`flaky`).
 *
 * @category models
 * @since 0.1.0
 */
export type Behaviour = "healthy" | "crashes" | "silent" | "slow" | "flaky"

/**
 * One instance.
 *
 * @category models
 * @since 0.1.0
 */
export interface InMemoryInstance {
  readonly key: string
  readonly port: number
  readonly request: ProvisionRequest<Settings.Deployment>
  behaviour: Behaviour
  alive: boolean
  /** Whether it was halted from outside: it exists, and answers nobody. */
  paused?: boolean | undefined
  /** When it was started, in milliseconds since the epoch; default long ago. */
  readonly startedAt?: number | undefined
  /** Requests it has got. */
  requests?: number | undefined
  readonly logs: Array<{ readonly at: number; readonly text: string }>
}

/**
 * The table of instances, and the switches tests use on it.
 *
 * @category services
 * @since 0.1.0
 */
export class InMemoryEngine extends Context.Tag("effect-deployers/Testing/InMemoryEngine")<
  InMemoryEngine,
  {
    /** By `deploymentId/generation`, in the order they were started. */
    readonly instances: Map<string, InMemoryInstance>
    /** What instances can run, by the digest of the bundle. An instance of another bundle answers `{}` to everything. */
    readonly pipelines: Map<string, Pipeline.Any>
    /** How instances of a pipeline behave that are started from now on; default `healthy`. */
    readonly behave: (pipelineName: string, behaviour: Behaviour) => Effect.Effect<void>
    /** How instances of a pipeline behave that are started now. */
    readonly behaviourOf: (pipelineName: string) => Effect.Effect<Behaviour>
    /** Whether the engine answers at all; default `true`. */
    readonly reachable: (reachable: boolean) => Effect.Effect<void>
    readonly isReachable: Effect.Effect<boolean>
    /** Ends an instance from outside. */
    readonly crash: (key: string) => Effect.Effect<void>
    readonly nextPort: Effect.Effect<number>
  }
>() {}

/**
 * Whether an instance answers its callers at a time; a `flaky` one counts as if it did.
 *
 * @category predicates
 * @since 0.1.0
 */
export const answers = ({ alive, behaviour, paused, startedAt = 0 }: InMemoryInstance, now: number): boolean =>
  alive &&
  paused !== true &&
  (behaviour === "healthy" || behaviour === "flaky" || (behaviour === "slow" && now - startedAt >= slowness))

/**
 * An empty engine, and the HTTP client that reaches its instances.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<InMemoryEngine | HttpClient.HttpClient> = Layer.unwrapEffect(
  Effect.sync(() => {
    const engine = make()
    return Layer.merge(Layer.succeed(InMemoryEngine, engine), Layer.succeed(HttpClient.HttpClient, httpClient(engine)))
  })
)

// internal

const make = (): typeof InMemoryEngine.Service => {
  const instances = new Map<string, InMemoryInstance>()
  const behaviours = new Map<string, Behaviour>()
  let reachable = true
  let port = 20_000
  return {
    instances,
    pipelines: new Map(),
    behave: (pipelineName, behaviour) =>
      Effect.sync(() => {
        behaviours.set(pipelineName, behaviour)
      }),
    behaviourOf: (pipelineName) => Effect.sync(() => behaviours.get(pipelineName) ?? "healthy"),
    reachable: (next) =>
      Effect.sync(() => {
        reachable = next
      }),
    isReachable: Effect.sync(() => reachable),
    crash: (key) =>
      Effect.sync(() => {
        const instance = instances.get(key)
        if (instance !== undefined) instance.alive = false
      }),
    nextPort: Effect.sync(() => ++port)
  }
}

const httpClient = (engine: typeof InMemoryEngine.Service): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const instance = Array.from(engine.instances.values()).find((one) => one.alive && String(one.port) === url.port)
      return instance === undefined || !answersNext(instance, now)
        ? Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", description: "nobody listens" }))
        : Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}", { status: 200 })))
    })
  )

const answersNext = (instance: InMemoryInstance, now: number): boolean => {
  instance.requests = (instance.requests ?? 0) + 1
  return answers(instance, now) && (instance.behaviour !== "flaky" || instance.requests % 2 === 0)
}

const slowness = 20_000
