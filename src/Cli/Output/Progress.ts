/** The progress of a lifecycle operation: a line per event on standard error, with the time since the start. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Deployer } from "../../Deployer.js"
import type { DeploymentEvent, EventType } from "../../Deployment/DeploymentEvent.js"
import { timeoutTo } from "../../Internal/Deadline.js"
import { Output } from "../Output.js"
import * as Render from "./Render.js"

/** The time at which a command began, in milliseconds since the epoch. Its progress counts from there. */
export const begin: Effect.Effect<number> = Clock.currentTimeMillis

/** Shows a phase of a command that is not an event of a deployment, such as bundling. */
export const phase = (begun: number, text: string): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, ({ hasNoteColor, note }) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      note(`${elapsed(hasNoteColor, now - begun)}  ${Render.paint(hasNoteColor, "cyan", Render.clean(text))}`)
    )
  )

/** Shows a phase for an effect that takes longer than a moment. */
export const whileIn =
  (begun: number, text: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Output> =>
    Effect.flatMap(Effect.fork(Effect.delay(phase(begun, text), "200 millis")), (fiber) =>
      Effect.ensuring(effect, Fiber.interrupt(fiber))
    )

/** Runs an operation on a deployment and shows its events. `begun` is the start of the command; default: now. */
export const follow = <A, E, R>(name: string, operation: Effect.Effect<A, E, R>, begun?: number) =>
  show(
    operation,
    ({ deploymentId, deploymentName }) => (deploymentName === name || deploymentId === name ? "" : undefined),
    begun
  )

/** Runs an operation on several deployments and shows their events, each with the name of its deployment. */
export const followAll = <A, E, R>(names: ReadonlyArray<string>, operation: Effect.Effect<A, E, R>, begun?: number) =>
  show(operation, ({ deploymentName }) => (names.includes(deploymentName) ? `${deploymentName}: ` : undefined), begun)

// internal

/** Shows the events for which `prefix` has a text. */
const show = <A, E, R>(
  operation: Effect.Effect<A, E, R>,
  prefix: (event: DeploymentEvent) => string | undefined,
  start: number | undefined
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Deployer | Output> =>
  Effect.gen(function* () {
    const { subscribe } = yield* Deployer
    const output = yield* Output
    const begun = start ?? (yield* begin)
    const inProgress = new Set<string>()
    // Open while no line is being written and no operation has lines to come.
    const quiet = yield* Effect.makeLatch(true)
    const showing = Stream.fromQueue(yield* subscribe).pipe(
      Stream.runForEach((event) =>
        Effect.gen(function* () {
          const label = prefix(event)
          if (label === undefined) return
          // Some changes, as those of the intake, are one event without an operation around it.
          if (event.type === "operation_started") inProgress.add(event.operationId)
          yield* quiet.close
          yield* output.note(line(output.hasNoteColor, event, (yield* Clock.currentTimeMillis) - begun, label))
          if (isLast(event)) inProgress.delete(event.operationId)
          if (inProgress.size === 0) yield* quiet.open
        })
      )
    )
    // Not a child: an interruption would end it before it shows the events of the undo.
    const fiber = yield* Effect.forkScoped(showing)
    return yield* Effect.ensuring(operation, Effect.zipRight(shown(quiet), Fiber.interrupt(fiber)))
  }).pipe(Effect.scoped)

/** One event for people. */
export const line = (hasColor: boolean, event: DeploymentEvent, elapsedMillis: number, prefix = ""): string => {
  const { message, reason, url } = event.data
  // The failure of the command has every line.
  const detail = [message, reason, url]
    .filter((part) => typeof part === "string")
    .map((part) => Render.clean(part.split("\n", 1).join()))
    .join(" ")
  const style =
    event.type === "operation_failed"
      ? "red"
      : event.type === "operation_finished"
        ? "green"
        : event.type === "warning" || event.type === "intake_kept"
          ? "yellow"
          : "cyan"
  const phase = Render.paint(hasColor, style, phases[event.type])
  return `${elapsed(hasColor, elapsedMillis)}  ${prefix}${phase}${detail === "" ? "" : `: ${detail}`}`
}

const elapsed = (hasColor: boolean, millis: number): string =>
  Render.paint(hasColor, "dim", Render.duration(millis).padStart(7))

const isLast = ({ type }: DeploymentEvent): boolean => type === "operation_finished" || type === "operation_failed"

/** Waits for the last lines: an operation may end before they are written. One whose last event is lost ends without it. */
const shown = (quiet: Effect.Latch): Effect.Effect<void> => {
  const silent = timeoutTo({ duration: Duration.seconds(1), onTimeout: () => undefined })(quiet.await)
  return Effect.zipRight(Effect.yieldNow(), silent)
}

const phases: { readonly [Type in EventType]: string } = {
  operation_started: "started",
  validated: "settings and snapshot are valid",
  lease_acquired: "lease acquired",
  intent_recorded: "intent recorded",
  auth_key_generated: "a key was generated",
  auth_key_removed: "the key was removed",
  paused: "new runs wait",
  maintenance_started: "new runs are refused",
  resumed: "new runs are accepted",
  intake_kept: "the intake of the deployment stays",
  old_instance_stopped: "the old version was stopped",
  warning: "warning",
  image_building: "building the image",
  image_built: "the image is built",
  image_pushing: "pushing the image",
  image_pushed: "the image is in its repository",
  instance_started: "the new version was started",
  check_waiting: "waiting for the check of the new version",
  check_passed: "the check passed",
  check_failed: "the check failed",
  health_waiting: "waiting for a healthy answer",
  healthy: "healthy",
  candidate_serves: "the new version serves its share of the callers",
  candidate_removed: "the canary was removed",
  generation_committed: "the new generation serves",
  old_instance_removed: "the old version was removed",
  old_instance_restored: "the old version serves again",
  instance_restored: "the instance serves again",
  stray_removed: "a leftover was removed",
  instance_removed: "the instance was removed",
  status_observed: "status observed",
  operation_finished: "done",
  operation_failed: "failed"
}
