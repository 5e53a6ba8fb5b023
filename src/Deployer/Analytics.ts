/**
 * Reports of lifecycle operations, for statistics. Nothing is sent anywhere unless an app provides a layer that sends it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { void as done } from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * One finished lifecycle operation.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnalyticsEvent {
  readonly operation: "provision" | "deprovision" | "delete" | "restore" | "canary" | "promote" | "abort"
  readonly succeeded: boolean
  readonly durationMillis: number
  readonly flavor: string
  readonly deploymentId: string
  readonly pipelineName: string
  readonly generation: number
  /** The tag of the failure, when it failed with one. */
  readonly failure: string | undefined
}

/**
 * Takes reports of lifecycle operations.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Called once for every operation that ended, whether or not it succeeded; the operation waits for it. */
  readonly track: (event: AnalyticsEvent) => Effect.Effect<void>
}

const none: Service = { track: () => done }

/**
 * The receiver of reports about lifecycle operations. The default does nothing.
 *
 * @category services
 * @since 0.1.0
 */
export class Analytics extends Context.Reference<Analytics>()("effect-deployers/Analytics", {
  defaultValue: () => none
}) {}

/**
 * Reports to a function of yours. It cannot fail an operation.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (track: Service["track"]): Layer.Layer<never> => Layer.succeed(Analytics, { track })

/**
 * Reports nowhere; the default.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNone: Layer.Layer<never> = Layer.succeed(Analytics, none)
