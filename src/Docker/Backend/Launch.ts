/** Makes and starts a container, so that at every moment there is at most one of its name, and it is known whose. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import {
  type DeploymentProvisionFailed,
  OutcomeUnknown,
  PortUnavailable,
  ResourceNotOwned
} from "../../Errors/Lifecycle.js"
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import type { Ports } from "../../Flavor/Ports.js"
import {
  type ContainerRunning,
  type ContainerSpec,
  type CreateError,
  DockerClient,
  type QueryError,
  type StartError
} from "../DockerClient.js"
import * as Labels from "../Labels.js"
import type { DockerSettings } from "../Settings.js"
import type { BackendContext } from "./BackendContext.js"
import { failed, repeated } from "./Failures.js"
import { containerSpec, type Ingredients } from "./Hardening.js"
import { holderOfName } from "./Lookup.js"
import { candidates } from "./PortChoice.js"

type Request = ProvisionRequest<DockerSettings>

/** How launching fails. */
export type LaunchError =
  | DeploymentProvisionFailed
  | PortUnavailable
  | ResourceNotOwned
  | OutcomeUnknown
  | CreateError
  | StartError
  | ContainerRunning
  | QueryError

/**
 * Starts a container on the first port that can be had and answers its id. A container that was made for a port that is
 * taken is removed again.
 *
 * @param ready what is waited for between making a container and starting it
 */
export const launch = <E>(
  request: Request,
  ingredients: Ingredients,
  ready: Effect.Effect<void, E>
): Effect.Effect<string, LaunchError | E, DockerClient | BackendContext | Ports> =>
  Effect.gen(function* () {
    const { host } = yield* DockerClient
    const probing = !(yield* host).remote
    const started = yield* candidates(request, probing).pipe(
      Stream.take(request.settings.port === undefined ? mostTries : 1),
      Stream.mapEffect((port) => attempt(request, containerSpec(request, ingredients, port), ready)),
      Stream.filterMap((outcome) => outcome),
      Stream.runHead
    )
    return yield* Option.match(started, { onSome: Effect.succeed, onNone: () => Effect.fail(noPort(request)) })
  })

/**
 * Makes the container of a request for a port that another container has still, and leaves starting it to
 * {@link startMade}.
 */
export const makeFor = (
  port: number,
  request: Request,
  ingredients: Ingredients
): Effect.Effect<string, LaunchError, DockerClient | BackendContext> =>
  Effect.uninterruptible(create(request, containerSpec(request, ingredients, port)))

/** Starts a container that was made before. When its port is taken, it is removed. */
export const startMade = (request: Request, id: string): Effect.Effect<string, LaunchError, DockerClient> =>
  Effect.flatMap(
    Effect.uninterruptible(started(id)),
    Option.match({ onSome: Effect.succeed, onNone: () => Effect.fail(noPort(request)) })
  )

// internal

const mostTries = 20

const mostCreates = 8

/** An engine takes a name before it shows the container, and shows it before it took it back. */
const settlingTime = "50 millis"

const noPort = ({ name, settings }: Request): PortUnavailable | DeploymentProvisionFailed =>
  settings.port === undefined
    ? failed(
        name,
        `no port between ${settings.portRange.from} and ${settings.portRange.to} could be had at ${settings.address}; set another portRange, or a port`
      )
    : new PortUnavailable({ name, port: settings.port })

/** Making and starting are carried on once begun: nobody can say what an engine does with half a request. */
const attempt = <E>(request: Request, spec: ContainerSpec, ready: Effect.Effect<void, E>) =>
  Effect.gen(function* () {
    const id = yield* Effect.uninterruptible(create(request, spec))
    yield* ready
    return yield* Effect.uninterruptible(started(id))
  })

/** None if the port is taken. */
const started = (id: string) =>
  Effect.flatMap(DockerClient, ({ containers }) =>
    repeated(containers.start(id)).pipe(
      Effect.as(Option.some(id)),
      Effect.catchTag("PortConflict", () =>
        Effect.as(repeated(containers.remove(id, { force: true })), Option.none<string>())
      )
    )
  )

/** A lost answer is asked for again: then the name is taken, and by whom tells what became of the first request. */
const create = (
  request: Request,
  spec: ContainerSpec,
  left = mostCreates
): Effect.Effect<string, LaunchError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const again = Effect.delay(
      Effect.suspend(() => create(request, spec, left - 1)),
      settlingTime
    )
    const unknown = new OutcomeUnknown({ operation: "create a container", resource: Labels.containerName(request) })
    return yield* containers.create(spec).pipe(
      Effect.catchTag("OutcomeUnknown", (error) => (left === 0 ? Effect.fail(error) : again)),
      Effect.catchTag("NameConflict", () =>
        Effect.flatMap(settle(request, spec), (adopted) => {
          if (adopted !== undefined) return Effect.succeed(adopted)
          return left === 0 ? Effect.fail(unknown) : again
        })
      )
    )
  })

/** Whoever has the name: ours and just made of the same is adopted, another of ours removed, a foreign one left alone. */
const settle = (request: Request, spec: ContainerSpec) =>
  Effect.gen(function* () {
    const { containers } = yield* DockerClient
    const holder = yield* holderOfName(request)
    if (holder._tag === "nobody") return undefined
    const { id, labels, name, requestedPorts, state } = holder.container
    if (holder._tag === "foreign") {
      return yield* new ResourceNotOwned({ name: request.name, resource: `a container named "${name}"` })
    }
    const same =
      labels[Labels.keys.checksum] === spec.labels[Labels.keys.checksum] &&
      state.status === "created" &&
      requestedPorts.some(({ host }) => host === spec.ports?.[0]?.host)
    if (same) return id
    yield* repeated(containers.remove(id, { force: true }))
    return undefined
  })
