/** Finds the services of deployments, their tasks and the swarm. A service is ours if it has our labels and our name. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import {
  DockerClient,
  type QueryError,
  type Service,
  type SwarmMembership,
  type Task
} from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import { EngineUnavailable, ResourceNotOwned } from "../../Errors/Lifecycle.js"
import type { Instance } from "../../Flavor/Instance.js"
import { flavor } from "../EngineErrors.js"
import { generationOf, isDoor, serviceName } from "./Names.js"

type Deployment = Pick<Instance, "deploymentId">

/** The swarm of the engine in use, with its id. */
export type Swarm = SwarmMembership & { readonly clusterId: string }

/**
 * The swarm that the engine manages. A manager without a quorum answers nothing else, and one that left its swarm knows
 * nothing of it: then the state of everything is unknown.
 */
export const currentSwarm: Effect.Effect<Swarm, EngineUnavailable | QueryError, DockerClient> = Effect.gen(
  function* () {
    const { engine, host } = yield* DockerClient
    const { swarm } = yield* engine.info
    if (swarm?.isManager === true && swarm.clusterId !== undefined) return { ...swarm, clusterId: swarm.clusterId }
    const { url } = yield* host
    return yield* new EngineUnavailable({ flavor, operation: "describe its swarm", reason: reasonOf(url, swarm) })
  }
)

/** The service of a deployment. A foreign one of its name is none. */
export const findService = (
  deployment: Deployment
): Effect.Effect<Option.Option<Service>, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { registryId } = yield* BackendContext
    return Option.filter(yield* inspect(serviceName(deployment.deploymentId)), ({ labels }) =>
      Labels.isOfDeployment(labels, { ...deployment, registryId })
    )
  })

/** The same; fails if a foreign service has the name. */
export const requireOurs = ({ deploymentId, name }: Pick<Instance, "deploymentId" | "name">) =>
  Effect.gen(function* () {
    const { registryId } = yield* BackendContext
    const found = yield* inspect(serviceName(deploymentId))
    if (Option.exists(found, ({ labels }) => !Labels.isOfDeployment(labels, { deploymentId, registryId }))) {
      return yield* new ResourceNotOwned({ name, resource: `a service named "${serviceName(deploymentId)}"` })
    }
    return found
  })

/** The doors of a deployment. */
export const findDoors = ({
  deploymentId
}: Deployment): Effect.Effect<ReadonlyArray<Service>, QueryError, DockerClient | BackendContext> =>
  Effect.gen(function* () {
    const { services } = yield* DockerClient
    const { registryId } = yield* BackendContext
    return (yield* services.list(Labels.filter({ deploymentId, registryId }))).filter(isDoor)
  })

/** The tasks of a service, newest first. */
export const tasksOf = (service: Pick<Service, "id">): Effect.Effect<ReadonlyArray<Task>, QueryError, DockerClient> =>
  Effect.map(
    Effect.flatMap(DockerClient, ({ tasks }) => tasks.list(service.id)),
    (all) => all.toSorted((one, other) => millisOf(other) - millisOf(one))
  )

/** True for a task of a generation. */
export const isOf =
  (generation: number) =>
  ({ labels }: Task): boolean =>
    generationOf({ labels }) === generation

/** True for a task whose container exists and has not ended. */
export const isAlive = ({ state }: Task): boolean => alive.has(state)

/** Repeats a look, until it holds or the time is over. Returns the last one. */
export const until = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  holds: (seen: A) => boolean,
  millis: number
): Effect.Effect<A, E, R> =>
  Effect.repeat(look, {
    until: holds,
    schedule: Schedule.zipRight(
      Schedule.intersect(Schedule.spaced(period), Schedule.recurs(Math.ceil(millis / period))),
      Schedule.identity<A>()
    )
  })

// internal

const period = 200

const alive: ReadonlySet<Task["state"]> = new Set(["assigned", "accepted", "preparing", "ready", "starting", "running"])

const millisOf = ({ createdAt }: Task): number => createdAt?.epochMillis ?? 0

const inspect = (service: string) =>
  Effect.flatMap(DockerClient, ({ services }) => services.inspect(service)).pipe(
    Effect.asSome,
    Effect.catchTag("ServiceNotFound", () => Effect.succeedNone)
  )

const reasonOf = (url: string, swarm: SwarmMembership | undefined): string => {
  if (swarm === undefined) {
    return `the engine at ${url} belongs to no swarm; make one with \`docker swarm init\`, or set DOCKER_HOST to a manager`
  }
  return swarm.isManager
    ? `the engine at ${url} does not know its swarm at the moment (${swarm.error ?? "no reason given"}); most of the managers have to be up`
    : `the engine at ${url} is not a manager of its swarm${swarm.error === undefined ? "" : ` (${swarm.error})`}; set DOCKER_HOST to a manager`
}
