/**
 * An engine in this process: instances are entries of a table that tests can inspect and break. An instance of a pipeline
 * that the engine has runs it behind the real HTTP handler. The HTTP client of the engine reaches the instances without a
 * socket, so the whole deployer runs on it in milliseconds.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Share } from "../Deployment/Candidate.js"
import type { ProvisionRequest } from "../Flavor/Instance.js"
import type * as Pipeline from "../Pipeline.js"
import type * as Settings from "../Settings.js"
import * as Intakes from "./InMemoryService/Intakes.js"
import * as Requests from "./InMemoryService/Requests.js"
import * as RunStores from "./InMemoryService/RunStores.js"
import * as InMemoryService from "./InMemoryService.js"

export type { ConnectionBroken } from "./InMemoryService/Exchange.js"
export type { InMemoryService } from "./InMemoryService.js"

/**
 * The behaviour of an instance after its start: it becomes healthy, ends at once, never answers, answers only after 20
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
  /** True while it is halted from outside: it exists and answers no request. */
  paused?: boolean | undefined
  /** The time since which a step computes without a pause: it answers that it is alive and not ready. */
  busySince?: number | undefined
  /** The time of its start, in milliseconds since the epoch; default long ago. */
  readonly startedAt?: number | undefined
  /** The service that answers its requests, if it runs a pipeline. */
  service?: InMemoryService.InMemoryService | undefined
  /** Requests to its address during a canary, those that went to the candidate included. */
  shared?: number | undefined
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
    /** The pipelines that instances can run, by the digest of the bundle. Instances of other bundles answer `{}`. */
    readonly pipelines: Map<string, Pipeline.Any>
    /** The intakes of deployments, which their services read. */
    readonly intakes: Intakes.Intakes
    /** Led shares of callers: the key of the accepted instance, that of the candidate, and the share of that. */
    readonly shares: Map<string, { readonly candidate: string; readonly share: Share }>
    /** Sets the behaviour of instances of a pipeline that start from now on; default `healthy`. */
    readonly behave: (pipelineName: string, behaviour: Behaviour) => Effect.Effect<void>
    /** The behaviour of instances of a pipeline that start now. */
    readonly behaviourOf: (pipelineName: string) => Effect.Effect<Behaviour>
    /** Switches the engine off and on; default on. */
    readonly reachable: (reachable: boolean) => Effect.Effect<void>
    readonly isReachable: Effect.Effect<boolean>
    /** Runs the pipeline of an instance, if there is one and it is not `silent`. */
    readonly serve: (instance: InMemoryInstance) => Effect.Effect<void>
    /** Drains an instance for a while at most, and removes it. */
    readonly stop: (key: string, graceMillis: number) => Effect.Effect<void>
    /** Removes the runs of a deployment. */
    readonly removeRuns: (deploymentId: string) => Effect.Effect<void>
    /** Ends an instance from outside. */
    readonly crash: (key: string) => Effect.Effect<void>
    readonly nextPort: Effect.Effect<number>
  }
>() {}

/**
 * True if an instance answers its callers at a time; a `flaky` one counts as answering.
 *
 * @category predicates
 * @since 0.1.0
 */
export const answers = ({ alive, behaviour, paused, startedAt = 0 }: InMemoryInstance, now: number): boolean =>
  alive &&
  paused !== true &&
  (behaviour === "healthy" || behaviour === "flaky" || (behaviour === "slow" && now - startedAt >= slowness))

/**
 * An empty engine, and the HTTP client that reaches its instances. Their services end when the scope closes.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<InMemoryEngine | HttpClient.HttpClient> = Layer.scopedContext(
  Effect.gen(function* () {
    const engine = make(yield* Effect.scope, yield* Effect.runtime<never>())
    return Context.make(InMemoryEngine, engine).pipe(
      Context.add(HttpClient.HttpClient, Requests.httpClient(lookupIn(engine)))
    )
  })
)

// internal

type Engine = typeof InMemoryEngine.Service

const make = (scope: Scope.Scope, runtime: Runtime.Runtime<never>): Engine => {
  const instances = new Map<string, InMemoryInstance>()
  const pipelines = new Map<string, Pipeline.Any>()
  const intakes = Intakes.make()
  const shares: Engine["shares"] = new Map()
  const behaviours = new Map<string, Behaviour>()
  const runStores = RunStores.make(scope)
  let reachable = true
  let port = 20_000
  return {
    instances,
    pipelines,
    intakes,
    shares,
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
    serve: (instance) =>
      Effect.gen(function* () {
        const { port, request } = instance
        const pipeline = pipelines.get(request.snapshot.bundle.digest)
        if (pipeline === undefined || !instance.alive || instance.behaviour === "silent") return
        const isRecording = request.settings.serving.recording !== "none"
        const runs = yield* isRecording ? runStores.open(request.deploymentId, request.generation) : RunStores.none
        instance.service = yield* InMemoryService.start(
          {
            pipeline,
            request,
            port,
            runs,
            intake: intakes.sourceOf(request.deploymentId),
            fetch: Requests.fetchFrom(lookupIn({ instances, shares }), runtime),
            log: (line) => instance.logs.push(line),
            onFailed: () => {
              instance.alive = false
            }
          },
          scope
        )
      }),
    stop: (key, graceMillis) =>
      Effect.suspend(() => {
        const instance = instances.get(key)
        const stopping = instance?.service?.stop(graceMillis) ?? Effect.void
        return Effect.map(stopping, () => {
          if (instances.get(key) === instance) instances.delete(key)
        })
      }),
    removeRuns: runStores.remove,
    crash: (key) =>
      Effect.suspend(() => {
        const instance = instances.get(key)
        if (instance === undefined) return Effect.void
        instance.alive = false
        return instance.service?.kill ?? Effect.void
      }),
    nextPort: Effect.sync(() => ++port)
  }
}

/** An instance without a pipeline answers `{}`. */
const lookupIn =
  (engine: Pick<Engine, "instances" | "shares">): Requests.Lookup =>
  (url) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const found = Array.from(engine.instances.values()).find((one) => one.alive && String(one.port) === url.port)
      const instance = found && chosen(engine, found, now)
      if (instance === undefined || !answersNext(instance, now)) return undefined
      const { busySince } = instance
      return busySince !== undefined
        ? () => Effect.succeed(busy(now - busySince))
        : (instance.service?.handle ?? (() => Effect.succeed(new Response("{}"))))
    })

/** The candidate of an instance for its share of the requests, if it answers. */
const chosen = (
  { instances, shares }: Pick<Engine, "instances" | "shares">,
  accepted: InMemoryInstance,
  now: number
): InMemoryInstance => {
  const led = shares.get(accepted.key)
  const candidate = led && instances.get(led.candidate)
  if (led === undefined || candidate === undefined || !answers(candidate, now)) return accepted
  accepted.shared = (accepted.shared ?? 0) + 1
  const { of, parts } = led.share
  return Math.floor((accepted.shared * parts) / of) > Math.floor(((accepted.shared - 1) * parts) / of)
    ? candidate
    : accepted
}

const busy = (blockedMillis: number): Response =>
  new Response(JSON.stringify({ status: "live", blockedMillis, checks: [] }), { status: 503 })

const answersNext = (instance: InMemoryInstance, now: number): boolean => {
  instance.requests = (instance.requests ?? 0) + 1
  return answers(instance, now) && (instance.behaviour !== "flaky" || instance.requests % 2 === 0)
}

const slowness = 20_000
