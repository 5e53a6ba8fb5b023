/** Bugs in how the engine is used. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { OperationalState } from "../../../Deployment.js"
import type { Backend } from "../../../Flavor/Backend.js"
import type * as Settings from "../../../Settings.js"
import type { Engine } from "../Flavor.js"
import type { Sabotage } from "../SimulatedCluster.js"

type Part = <S extends Settings.Deployment, SI extends Settings.DeploymentInput>(
  backend: Backend<S, SI>,
  engine: Engine
) => Partial<Backend<S, SI>>

const planted = (name: string, part: Part): Sabotage => ({
  name,
  backend: (backend, engine) => ({ ...backend, ...part(backend, engine) })
})

const gone = new OperationalState({ status: "absent", metadata: {} })
const broken = new OperationalState({ status: "error", metadata: {}, reason: "it could not be asked" })

/** One bug each. */
export const engineBugs: ReadonlyArray<Sabotage> = [
  planted("an engine that cannot be reached has nothing", (backend) => ({
    state: (instance, metadata) => Effect.orElseSucceed(backend.state(instance, metadata), () => gone)
  })),
  planted("an engine that cannot be reached is an error of the deployment", (backend) => ({
    state: (instance, metadata) => Effect.orElseSucceed(backend.state(instance, metadata), () => broken)
  })),
  planted("the old instance is stopped first", (backend) => ({
    provision: (request) =>
      Effect.zipRight(
        request.generation === 1
          ? Effect.void
          : Effect.ignore(backend.deprovision({ ...request, generation: request.generation - 1 }, {}, { grace: 0 })),
        backend.provision(request)
      )
  })),
  planted("the old instance is never removed", (backend, engine) => ({
    deprovision: (instance, metadata, options) =>
      Effect.flatMap(engine.instances, (all) =>
        all.some(
          ({ deploymentId, generation }) => deploymentId === instance.deploymentId && generation > instance.generation
        )
          ? Effect.void
          : backend.deprovision(instance, metadata, options)
      )
  })),
  planted("the new instance is never removed when it fails", (backend, engine) => ({
    deprovision: (instance, metadata, options) =>
      Effect.flatMap(engine.instances, (all) =>
        all.some(
          ({ deploymentId, generation }) => deploymentId === instance.deploymentId && generation < instance.generation
        )
          ? Effect.void
          : backend.deprovision(instance, metadata, options)
      )
  })),
  planted("foreign resources are removed too", (backend, engine) => ({
    deprovision: (instance, metadata, options) =>
      Effect.zipRight(engine.harmForeign, backend.deprovision(instance, metadata, options))
  })),
  planted("an instance that could not be stopped counts as stopped", (backend) => ({
    deprovision: (instance, metadata, options) => Effect.ignore(backend.deprovision(instance, metadata, options))
  })),
  planted("starting twice leaves two instances", (backend) => ({
    provision: (request) =>
      Effect.zipRight(
        Effect.ignore(backend.provision({ ...request, generation: request.generation + 1_000 })),
        backend.provision(request)
      )
  })),
  planted("a failure of the engine is a defect", (backend) => ({
    provision: (request) => Effect.orDie(backend.provision(request))
  })),
  planted("leftovers of an instance are never removed", () => ({
    deprovision: () => Effect.void,
    destroy: () => Effect.void
  })),
  {
    name: "everything counts as healthy",
    http: () =>
      HttpClient.make((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}", { status: 200 })))
      )
  },
  {
    name: "every other process counts as dead",
    holder: (holder) => ({ ...holder, isDead: () => Effect.succeed(true) })
  },
  {
    name: "no process ever counts as dead, and waiting ends at once",
    holder: (holder) => ({ ...holder, isDead: () => Effect.succeed(false) }),
    deployments: (store) => ({
      ...store,
      leases: Effect.map(store.tombstones, () => []),
      acquire: (deploymentId, options) => store.acquire(deploymentId, { ...options, ttl: "10 days" })
    })
  }
]
