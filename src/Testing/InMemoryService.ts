/** The service of one in-memory instance: the pipeline behind the real HTTP handler, without a process or a socket. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as List from "effect/List"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { secretVariables } from "../Flavor/Environment.js"
import type { ProvisionRequest } from "../Flavor/Instance.js"
import { manifestFor } from "../Flavor/InstanceManifest.js"
import type * as Pipeline from "../Pipeline.js"
import * as App from "../Server/Http/App.js"
import * as Check from "../Server/Process/Check.js"
import * as Log from "../Server/Process/Log.js"
import * as ServiceRuntime from "../Server/Process/ServiceRuntime.js"
import * as IntakeSource from "../Server/Run/Intake.js"
import { Invocation } from "../Server/Run/Invocation.js"
import type * as Settings from "../Settings.js"
import * as Ids from "../Store/Ids.js"
import { RunStore } from "../Store/RunStore.js"
import * as Exchange from "./InMemoryService/Exchange.js"

/**
 * The service of an instance.
 *
 * @category models
 * @since 0.1.0
 */
export interface InMemoryService {
  /** Responds as soon as the warm state is built. Interrupting it is the departure of the caller. */
  readonly handle: (request: Request) => Effect.Effect<Response, Exchange.ConnectionBroken>
  /** Drains as a process does after SIGTERM, for `graceMillis` at most, and ends. */
  readonly stop: (graceMillis: number) => Effect.Effect<void>
  /** Ends at once, as a process does after SIGKILL: callers lose their connections, and the run store gets nothing more. */
  readonly kill: Effect.Effect<void>
}

export interface Options {
  readonly pipeline: Pipeline.Any
  readonly request: ProvisionRequest<Settings.Deployment>
  readonly port: number
  readonly runs: Context.Tag.Service<RunStore>
  /** The intake of its deployment. */
  readonly intake: IntakeSource.Source
  /** Reaches the other instances, for pipelines that use `FetchHttpClient`. */
  readonly fetch: typeof globalThis.fetch
  /** Receives each line of the log, with its time in milliseconds since the epoch. */
  readonly log: (line: { readonly at: number; readonly text: string }) => void
  /** Called when the service could not start; its log has the reason. */
  readonly onFailed: () => void
}

/** Starts a service in a scope. Its warm state is built in the background. */
export const start = (options: Options, parent: Scope.Scope): Effect.Effect<InMemoryService> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(parent, ExecutionStrategy.sequential)
    const ended = yield* Deferred.make<never, Exchange.ConnectionBroken>()
    const started = yield* Deferred.make<Started, Exchange.ConnectionBroken>()
    const life = { isKilled: false }
    const starting = yield* make(options, life).pipe(
      Effect.tapError((error) => Effect.logFatal(error.message)),
      Effect.tapError(() => Effect.sync(options.onFailed)),
      Effect.mapError(() => new Exchange.ConnectionBroken()),
      Effect.intoDeferred(started),
      Scope.extend(scope),
      inOwnProcess(options),
      Effect.interruptible,
      Effect.forkIn(parent)
    )
    // Warm state that does not wait is built, or has failed, before the first health check.
    yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), Deferred.isDone(started)), {
      until: (isDone) => isDone,
      times: headStart
    })
    const end = Deferred.fail(ended, new Exchange.ConnectionBroken()).pipe(
      Effect.zipRight(Fiber.interruptFork(starting)),
      Effect.zipRight(Scope.close(scope, Exit.void))
    )
    const ifStarted = (use: (service: Started) => Effect.Effect<unknown>) =>
      Effect.flatMap(
        Deferred.poll(started),
        Option.match({ onNone: () => Effect.void, onSome: (service) => Effect.ignore(Effect.flatMap(service, use)) })
      )
    const kill = Effect.suspend(() => {
      life.isKilled = true
      return Effect.zipRight(
        ifStarted(({ interruptRuns }) => interruptRuns),
        Effect.asVoid(Effect.forkIn(end, parent))
      )
    })
    return {
      handle: (request) =>
        Effect.raceFirst(
          Effect.flatMap(Deferred.await(started), ({ app }) => Exchange.respond(app, request, Deferred.await(ended))),
          Deferred.await(ended)
        ),
      stop: (graceMillis) =>
        ifStarted(({ drain }) =>
          Effect.timeoutOption(Effect.interruptible(inOwnProcess(options)(drain)), graceMillis)
        ).pipe(Effect.zipRight(end)),
      kill
    }
  })

// internal

/** The number of times that a start yields to other fibers, at most. */
const headStart = 1_000

interface Started {
  readonly app: HttpApp.Default
  readonly drain: Effect.Effect<void>
  readonly interruptRuns: Effect.Effect<void>
}

const make = (options: Options, life: { readonly isKilled: boolean }) =>
  Effect.gen(function* () {
    const { intake, port, request, runs } = options
    const manifest = manifestFor(request, {
      listen: { host: "127.0.0.1", port, fallback: false },
      runStore: ":memory:",
      endpointFile: "endpoint.json",
      secrets: "secrets"
    })
    const alone = { ...manifest, serving: { ...manifest.serving, workers: 1 } }
    const { drain, services, warmUp } = yield* ServiceRuntime.make(options.pipeline, alone, {
      check: Check.make(options.pipeline, alone)
    }).pipe(
      Effect.provideService(RunStore, cutOff(runs, life)),
      Effect.provideService(IntakeSource.IntakeSource, { of: () => intake })
    )
    const app = yield* Effect.provide(App.make, services)
    yield* warmUp
    yield* Effect.logInfo(`${request.name} is ready.`)
    const { interruptAll } = Context.get(services, Invocation)
    return { app, drain: drain(), interruptRuns: interruptAll("shutdown") } satisfies Started
  }).pipe(Effect.provide(Ids.layer))

/** A process that was killed writes nothing any more, so its runs stay as they were on disk. */
const cutOff = (
  runs: Context.Tag.Service<RunStore>,
  life: { readonly isKilled: boolean }
): Context.Tag.Service<RunStore> => {
  const unless = <A, E>(write: Effect.Effect<A, E>, instead: A) =>
    Effect.suspend(() => (life.isKilled ? Effect.succeed(instead) : write))
  return {
    ...runs,
    commit: (batch) => unless(runs.commit(batch), undefined),
    release: (claim) => unless(runs.release(claim), undefined),
    sessions: {
      ...runs.sessions,
      write: (state) => unless(runs.sessions.write(state), Option.none()),
      remove: (session, name) => unless(runs.sessions.remove(session, name), undefined)
    },
    alive: unless(runs.alive, 0)
  }
}

/** Gives an effect the environment, the secrets and the log of its own process, and no service of the calling program. */
const inOwnProcess = ({ fetch, log, request }: Options) => {
  const { secrets, settings } = request
  const variables = {
    NODE_ENV: "production",
    ...settings.environment,
    ...secretVariables(settings, secrets),
    ...Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, Redacted.value(secret)]))
  }
  const provider = ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_", seqDelim: "," })
  const logger = Logger.make<unknown, void>((entry) => log({ at: entry.date.getTime(), text: Log.logger.log(entry) }))
  const context = Context.make(FetchHttpClient.Fetch, fetch)
  return <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    effect.pipe(
      Effect.mapInputContext((_: Context.Context<never>) => context),
      Effect.withConfigProvider(provider),
      Effect.locally(FiberRef.currentLoggers, HashSet.make(logger)),
      Effect.locally(FiberRef.currentLogAnnotations, HashMap.empty()),
      Effect.locally(FiberRef.currentLogSpan, List.empty())
    )
}
