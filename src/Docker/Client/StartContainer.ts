/**
 * The reason why a container could not be started: from the status of the answer, the container, and its ports. The text
 * of the engine is only quoted.
 */
import * as Effect from "effect/Effect"
import type { Verdict } from "../../Flavor/Ports.js"
import type { Container, PublishedPort } from "./Container.js"
import type { StartError } from "./Contract.js"
import { ContainerNotFound, type EngineError, type EngineRefused, PortConflict, StartRejected } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import type { EngineResponse } from "./Transport.js"

/** The evidence. */
export interface Scene {
  /** `none`: there is no such container; `unknown`: it could not be inspected. */
  readonly found: Container | "none" | "unknown"
  /** The state of a port of the engine's host; `unknownHost` if it cannot be found out from here. */
  readonly probe: (address: string, port: number) => Effect.Effect<Verdict>
  /** The failure if the evidence shows no reason. */
  readonly otherwise: EngineError | EngineRefused
}

/** Diagnoses a failed start. Succeeds if the container is running. */
export const diagnose = (container: string, answer: EngineResponse, scene: Scene): Effect.Effect<void, StartError> =>
  Effect.gen(function* () {
    const { found } = scene
    if (found === "none") return yield* new ContainerNotFound({ container })
    if (found === "unknown" || answer.status === 401 || answer.status === 403)
      return yield* Effect.fail(scene.otherwise)
    if (found.state.status === "running") return
    const reason = found.state.error ?? reasonOf(answer.text)
    if (holdsItsPorts.has(found.state.status)) return yield* new StartRejected({ container, reason })
    const conflict = yield* takenPort(found.requestedPorts, scene.probe)
    if (conflict?.host !== undefined) return yield* new PortConflict({ container, port: conflict.host })
    if (found.state.error === undefined && answer.status >= 500) return yield* Effect.fail(scene.otherwise)
    const exitCode = found.state.exitCode === 0 ? {} : { exitCode: found.state.exitCode }
    return yield* new StartRejected({ container, reason: withoutPreamble(reason), ...exitCode })
  })

const takenPort = (
  requested: ReadonlyArray<PublishedPort>,
  probe: Scene["probe"]
): Effect.Effect<PublishedPort | undefined> =>
  Effect.gen(function* () {
    for (const port of requested) {
      if (port.host !== undefined && (yield* probe(port.address || "0.0.0.0", port.host)) === "taken") return port
    }
    return undefined
  })

/** The exit code of a container whose engine failed before it ran the program. */
export const neverRan = 128

/** A container in one of these states has its ports itself. */
const holdsItsPorts: ReadonlySet<string> = new Set(["paused", "removing", "dead"])

const preamble =
  /^((OCI runtime create failed|runc create failed|unable to start container process|failed to create [a-z ]+): )+/

const withoutPreamble = (reason: string): string => reason.replace(preamble, "").replace(/(: unknown)?\.?$/, "")
