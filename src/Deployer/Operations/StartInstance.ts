import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as CheckLine from "../../Contract/CheckLine.js"
import type { OperationalState } from "../../Deployment.js"
import { type CheckFailure, DeploymentCheckFailed } from "../../Errors/Check.js"
import { DeploymentProvisionFailed, DeploymentTimeout } from "../../Errors/Lifecycle.js"
import type * as Instance from "../../Flavor/Instance.js"
import { timeoutFail, timeoutTo } from "../../Internal/Deadline.js"
import { liveKeys } from "../AuthKeys.js"
import type { ProvisionError } from "../Contract.js"
import { currentInstance } from "../DeployerContext.js"
import type { DecodedSettings } from "../Requests.js"
import { awaitHealthy, awaitStandby, type InstanceEnded, stayHealthy } from "./HealthGate.js"
import { reportKept } from "./KeptIntake.js"
import { newInstance, type ProvisionContext, recordOf, warningsOf } from "./ProvisionContext.js"

/**
 * Starts the new instance of a change, waits until it has been healthy for `minHealthyMillis`, and until its gate is open.
 * The work of the gate goes on beside the start, except where the old instance stops for the new one.
 */
export const startInstance = (self: ProvisionContext): Effect.Effect<OperationalState, ProvisionError> =>
  self.exclusive
    ? Effect.zipRight(self.gate, startInTime(self))
    : Effect.gen(function* () {
        const gate = yield* Effect.fork(Effect.interruptible(self.gate))
        const closed = Effect.interruptible(Effect.zipRight(Fiber.join(gate), Effect.never))
        const state = yield* Effect.raceFirst(startInTime(self), closed)
        const [waited] = yield* Effect.timed(Fiber.join(gate))
        return Duration.lessThan(waited, lookAgainAfter) ? state : yield* lookAgain(self, state)
      })

// internal

/** The longest wait for a gate after which the health that was seen before still counts. */
const lookAgainAfter = Duration.millis(100)

/** The health of an instance that has waited for its gate. */
const lookAgain = (self: ProvisionContext, seen: OperationalState) =>
  inTime(
    self,
    stayHealthy(self.context, newInstance(self), self.request.settings.serving, seen.metadata, {
      seen,
      forMillis: 1
    }).pipe(Effect.catchTag("InstanceEnded", ({ reason }) => Effect.flatMap(failureOf(self, reason), Effect.fail)))
  )

/** Starts an instance. The deadline of the settings starts when the preparation has ended. */
const startInTime = (self: ProvisionContext): Effect.Effect<OperationalState, ProvisionError> =>
  Effect.flatMap(prepare(self), (request) => inTime(self, start(self, request)))

const inTime = <A, E>(self: ProvisionContext, effect: Effect.Effect<A, E>): Effect.Effect<A, E | DeploymentTimeout> => {
  const { name, settings } = self.request
  const timeoutMillis = settings.timeoutMillis + windowOf(self)
  return timeoutFail({
    duration: timeoutMillis,
    onTimeout: () => new DeploymentTimeout({ name, operation: "provision", timeoutMillis, logs: [] })
  })(effect)
}

type ProvisionRequest = Instance.ProvisionRequest<DecodedSettings>

const prepare = (self: ProvisionContext): Effect.Effect<ProvisionRequest, ProvisionError> =>
  Effect.gen(function* () {
    const { authKeys, deployments } = self.context
    const proofSecret = yield* authKeys.proofSecret(self.before.deployment.id)
    const request = provisionRequest(self, yield* deployments.identity, proofSecret)
    const warnings = yield* warningsOf(self.context, self.request)
    for (const warning of [...warnings, ...Arr.fromNullable(self.auth.warning)]) {
      yield* self.journal.emit("warning", warning)
    }
    const { prepare } = self.context.backend
    yield* reportKept(self.before, self.journal)
    if (prepare === undefined) return request
    return { ...request, prepared: yield* prepare({ ...request, standby: self.exclusive }, self.journal.emit) }
  })

const start = (self: ProvisionContext, prepared: ProvisionRequest): Effect.Effect<OperationalState, ProvisionError> =>
  Effect.gen(function* () {
    const { journal, context, request } = self
    const forMillis = windowOf(self)
    const { gapMillis, metadata, seen } = yield* self.exclusive ? takePlace(self, prepared) : launch(self, prepared)
    const instance = newInstance(self)
    const state = yield* stayHealthy(context, instance, request.settings.serving, metadata, { seen, forMillis })
    yield* journal.emit("healthy", { url: state.url, ...(gapMillis === undefined ? {} : { gapMillis }) })
    return state
  }).pipe(Effect.catchTag("InstanceEnded", ({ reason }) => Effect.flatMap(failureOf(self, reason), Effect.fail)))

/** The failure of a new instance that ended: that of its check, if its log has one. */
const failureOf = (
  self: ProvisionContext,
  reason: string
): Effect.Effect<DeploymentCheckFailed | DeploymentProvisionFailed> =>
  Effect.gen(function* () {
    const { name } = self.request
    const failure = self.checks ? yield* checkFailure(self) : Option.none()
    if (Option.isNone(failure)) return new DeploymentProvisionFailed({ name, reason, logs: [] })
    const { _tag, message } = failure.value
    yield* self.journal.emit("check_failed", { failure: _tag, reason: message })
    return new DeploymentCheckFailed({ name, failure: failure.value, logs: [] })
  })

/** The failure of the check in the log of the new instance; none if the log cannot be read within 2 s. */
const checkFailure = (self: ProvisionContext): Effect.Effect<Option.Option<CheckFailure>> =>
  self.context.backend.logs(newInstance(self), { since: DateTime.toEpochMillis(self.operation.startedAt) }).pipe(
    Stream.filterMap(({ text }) => CheckLine.read(text)),
    Stream.runLast,
    timeoutTo({ duration: "2 seconds", onTimeout: () => Option.none() }),
    Effect.orElseSucceed(() => Option.none())
  )

/** An instance that was seen healthy, its metadata at the start, and the time in which no instance served. */
interface Launched {
  readonly seen: OperationalState
  readonly metadata: OperationalState["metadata"]
  readonly gapMillis?: number
}

type LaunchError = ProvisionError | InstanceEnded

const launch = (self: ProvisionContext, request: ProvisionRequest): Effect.Effect<Launched, LaunchError> =>
  Effect.gen(function* () {
    const metadata = yield* begin(self, request)
    const seen = yield* healthy(self, metadata)
    yield* passed(self)
    return { metadata, seen }
  })

/**
 * Starts an instance that needs a resource of the old one, such as a fixed port. The old one stops as late as possible: when
 * the new one stands by, if the flavor has standby.
 */
const takePlace = (self: ProvisionContext, request: ProvisionRequest): Effect.Effect<Launched, LaunchError> => {
  const { standsBy } = self.context.backend
  return Effect.gen(function* () {
    if (standsBy === undefined) {
      const since = yield* Clock.currentTimeMillis
      yield* stopOld(self)
      const launched = yield* launch(self, request)
      return { ...launched, gapMillis: (yield* Clock.currentTimeMillis) - since }
    }
    const metadata = yield* begin(self, { ...request, standby: true })
    yield* awaitStandby(self.context, standsBy, newInstance(self), metadata)
    yield* passed(self)
    const since = yield* Clock.currentTimeMillis
    const timed = Effect.zip(healthy(self, metadata), Clock.currentTimeMillis)
    const [[seen, at]] = yield* Effect.all([timed, stopOld(self)], { concurrency: 2 })
    return { metadata, seen, gapMillis: at - since }
  })
}

const passed = ({ checks, journal }: ProvisionContext) => (checks ? journal.emit("check_passed") : Effect.void)

const begin = (self: ProvisionContext, request: ProvisionRequest) =>
  Effect.gen(function* () {
    const { journal, context } = self
    const { metadata } = yield* context.leases.fenced(self.lease)(context.backend.provision(request))
    yield* journal.emit("instance_started", { generation: request.generation, metadata })
    const { timeoutMillis } = request.settings
    if (request.check !== undefined) yield* journal.emit("check_waiting", request.check)
    yield* journal.emit("health_waiting", { timeoutMillis, minHealthyMillis: windowOf(self) })
    return metadata
  })

const healthy = (self: ProvisionContext, metadata: OperationalState["metadata"]) =>
  awaitHealthy(self.context, newInstance(self), self.request.settings.serving, metadata)

const windowOf = ({ request }: ProvisionContext): number => request.settings.minHealthyMillis

/** Uninterruptible: a stopped old instance has to start again if the change fails. */
const stopOld = ({ before, journal, context, lease, oldStopped, request }: ProvisionContext) =>
  Effect.gen(function* () {
    const { generation, metadata } = before.deployment
    yield* context.leases.fenced(lease)(
      Effect.zipRight(
        Ref.set(oldStopped, true),
        context.backend.deprovision(currentInstance(before), metadata, { grace: request.settings.stopGraceMillis })
      )
    )
    yield* journal.emit("old_instance_stopped", { generation })
  }).pipe(
    Effect.catchTag("DeploymentDeprovisionFailed", ({ reason }) =>
      Effect.fail(
        new DeploymentProvisionFailed({
          name: request.name,
          reason: `the new instance needs a resource of the old one, which could not be stopped: ${reason}`,
          logs: []
        })
      )
    ),
    Effect.uninterruptible
  )

const provisionRequest = (
  self: ProvisionContext,
  registryId: string,
  proofSecret: ProvisionRequest["proofSecret"]
): ProvisionRequest => ({
  ...newInstance(self),
  registryId,
  snapshot: self.request.snapshot,
  settings: self.request.settings,
  keys: liveKeys(self.auth),
  intake: self.before.deployment.intake,
  proofSecret,
  record: recordOf(self.context, registryId, newInstance(self), {
    snapshot: self.request.snapshot,
    settings: self.request.encoded,
    authKey: self.auth.authKey,
    authKeys: self.auth.authKeys,
    intake: self.before.deployment.intake,
    isCandidate: self.share !== undefined
  }),
  share: self.share,
  secrets: self.request.secrets,
  ...(self.checks ? { check: { timeoutMillis: self.request.settings.timeoutMillis } } : {}),
  previous: self.before.deployment.generation > 0 ? self.before.deployment.metadata : undefined
})
