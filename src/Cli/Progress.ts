/** The progress of a lifecycle operation: a line per event on standard error, with the time since the start. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Deployer } from "../Deployer.js"
import type { DeploymentEvent, EventType } from "../Deployment/DeploymentEvent.js"
import { Output } from "./Output.js"
import * as Render from "./Render.js"

/** Runs an operation on a deployment and shows its events. */
export const follow = <A, E, R>(
  name: string,
  operation: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Deployer | Output> =>
  Effect.gen(function* () {
    const { subscribe } = yield* Deployer
    const output = yield* Output
    const begun = yield* Clock.currentTimeMillis
    const state = { isUnderWay: false }
    const showing = Stream.fromQueue(yield* subscribe).pipe(
      Stream.filter((event) => event.deploymentName === name || event.deploymentId === name),
      Stream.runForEach((event) =>
        Effect.gen(function* () {
          state.isUnderWay = true
          yield* output.note(line(output.hasNoteColor, event, (yield* Clock.currentTimeMillis) - begun))
          state.isUnderWay = !isLast(event)
        })
      )
    )
    // Not a child: an interruption would end it before it shows the events of the undo.
    const fiber = yield* Effect.forkScoped(showing)
    return yield* Effect.ensuring(operation, Effect.zipRight(shown(state), Fiber.interrupt(fiber)))
  }).pipe(Effect.scoped)

/** One event for people. */
export const line = (hasColor: boolean, event: DeploymentEvent, elapsedMillis: number): string => {
  const { reason, url } = event.data
  const detail = [reason, url]
    .filter((part) => typeof part === "string")
    .map(Render.clean)
    .join(" ")
  const style = event.type === "operation_failed" ? "red" : event.type === "operation_finished" ? "green" : "cyan"
  const phase = Render.paint(hasColor, style, phases[event.type])
  return `${Render.paint(hasColor, "dim", Render.duration(elapsedMillis).padStart(7))}  ${phase}${detail === "" ? "" : `: ${detail}`}`
}

// internal

const isLast = ({ type }: DeploymentEvent): boolean => type === "operation_finished" || type === "operation_failed"

/** Waits for the last lines: an operation may end before they are written. */
const shown = (state: { readonly isUnderWay: boolean }): Effect.Effect<void> =>
  Effect.yieldNow().pipe(Effect.repeat({ while: () => state.isUnderWay, times: 10_000 }), Effect.asVoid)

const phases: { readonly [Type in EventType]: string } = {
  operation_started: "started",
  validated: "settings and snapshot are valid",
  lease_acquired: "lease acquired",
  intent_recorded: "intent recorded",
  auth_key_generated: "a key was generated",
  auth_key_removed: "the key was removed",
  old_instance_stopped: "the old version was stopped",
  image_building: "building the image",
  image_built: "the image is built",
  instance_started: "the new version was started",
  check_waiting: "waiting for the check of the new version",
  check_passed: "the check passed",
  check_failed: "the check failed",
  health_waiting: "waiting for a healthy answer",
  healthy: "healthy",
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
