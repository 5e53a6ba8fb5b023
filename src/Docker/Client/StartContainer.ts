/** Why a container could not be started: told by the status and by what is found afterwards. */
import * as Effect from "effect/Effect"
import type { Verdict } from "../../Flavor/Ports.js"
import type { Container, PublishedPort } from "./Container.js"
import type { StartError } from "./Contract.js"
import { ContainerNotFound, type EngineError, type EngineRefused, PortConflict, StartRejected } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import type { EngineResponse } from "./Transport.js"

/** What the diagnosis looks at. */
export interface Scene {
  /** `none`: there is no such container; `unknown`: it could not be looked at. */
  readonly found: Container | "none" | "unknown"
  /** Whether somebody listens on a port of the engine's host; `unknownHost` if that cannot be tried from here. */
  readonly probe: (address: string, port: number) => Effect.Effect<Verdict>
  /** The failure if nothing better is known. */
  readonly otherwise: EngineError | EngineRefused
}

/** Diagnoses a failed start. Succeeds if the container runs after all. */
export const diagnose = (container: string, answer: EngineResponse, scene: Scene): Effect.Effect<void, StartError> =>
  Effect.gen(function* () {
    const { found } = scene
    if (found === "none") return yield* new ContainerNotFound({ container })
    if (found === "unknown" || answer.status === 401 || answer.status === 403)
      return yield* Effect.fail(scene.otherwise)
    if (found.state.status === "running") return
    const reason = found.state.error ?? reasonOf(answer.text)
    if (holdsItsPorts.has(found.state.status)) return yield* new StartRejected({ container, reason })
    const conflict = yield* takenPort(found.requestedPorts, reason, scene.probe)
    if (conflict !== undefined)
      return yield* new PortConflict({ container, ...(conflict.host === undefined ? {} : { port: conflict.host }) })
    if (found.state.error === undefined && answer.status >= 500) return yield* Effect.fail(scene.otherwise)
    const exitCode = found.state.exitCode === 0 ? {} : { exitCode: found.state.exitCode }
    return yield* new StartRejected({ container, reason: withoutPreamble(reason), ...exitCode })
  })

const takenPort = (
  requested: ReadonlyArray<PublishedPort>,
  reason: string,
  probe: Scene["probe"]
): Effect.Effect<PublishedPort | undefined> =>
  Effect.gen(function* () {
    const fixed = requested.filter(({ host }) => host !== undefined)
    for (const port of fixed) {
      if ((yield* probe(port.address || "0.0.0.0", port.host ?? 0)) === "taken") return port
    }
    return namedTaken(fixed, reason)
  })

/**
 * A remote engine's ports cannot be tried from here, and what held a port may be gone already; then the engine's words
 * decide, about ports that were asked for only.
 */
const namedTaken = (fixed: ReadonlyArray<PublishedPort>, reason: string): PublishedPort | undefined =>
  /already (in use|allocated)/.test(reason)
    ? fixed.find(({ host }) => new RegExp(`:${host}(?!\\d)`).test(reason))
    : undefined

/** A container in one of these states is itself what listens on its ports. */
const holdsItsPorts: ReadonlySet<string> = new Set(["paused", "removing", "dead"])

const preamble =
  /^((OCI runtime create failed|runc create failed|unable to start container process|failed to create [a-z ]+): )+/

const withoutPreamble = (reason: string): string => reason.replace(preamble, "").replace(/(: unknown)?\.?$/, "")
