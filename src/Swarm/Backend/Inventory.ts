/** Finds every resource of this deployer in the swarm, known to the registry or not, and watches the tasks of this node. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DeploymentId } from "../../Deployment.js"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { DockerClient } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import type { Found, Inventory } from "../../Flavor/Instance.js"
import { inHome } from "../../Flavor/InstanceRecord.js"
import { flavor, toUnavailable } from "../EngineErrors.js"
import { currentSwarm } from "./Lookup.js"
import { generationOf } from "./Names.js"

/** The services, networks, volumes, secrets and configs with the labels of this registry, and the files in the home. */
export const inventory = Effect.gen(function* () {
  const { configs, engine, networks, secrets, services, volumes } = yield* DockerClient
  const { deployer, registryId } = yield* BackendContext
  const { id, swarm } = yield* engine.info
  const ours = Labels.filter({ registryId })
  const home = yield* inHome({ flavor, name: deployer })
  // An engine outside of swarms has nothing of this deployer, and is not the one of any deployment.
  if (swarm === undefined || !swarm.isManager) return { engineId: id, found: home } satisfies Inventory
  const { clusterId } = yield* currentSwarm
  const records = new Map(home.map((thing) => [keyOf(thing), thing.record]))
  const kinds = { service: services, secret: secrets, config: configs, network: networks, volume: volumes }
  const labelled: Array<Found> = []
  for (const [kind, { list }] of Object.entries(kinds)) {
    for (const one of yield* list(ours)) {
      const found = foundOf(one, kind, deployer)
      if (found === undefined) continue
      labelled.push({ ...found, atHome: records.has(keyOf(found)), record: records.get(keyOf(found)) })
    }
  }
  const inSwarm = new Set(labelled.map(keyOf))
  return {
    engineId: clusterId,
    found: [...labelled, ...home.filter((thing) => !inSwarm.has(keyOf(thing)))]
  } satisfies Inventory
})

/** A hint for each task of this node that started, ended or was removed. */
export const changes = Effect.gen(function* () {
  const { events } = yield* DockerClient
  const { registryId } = yield* BackendContext
  const actions = ["die", "oom", "destroy", "start"]
  return events({ types: ["container"], actions, labels: Labels.filter({ registryId }) }).pipe(
    Stream.mapError(toUnavailable("watch its tasks"))
  )
})

// internal

const keyOf = ({ deploymentId, generation }: Pick<Found, "deploymentId" | "generation">) =>
  `${deploymentId}/${generation}`

interface Labelled {
  readonly name: string
  readonly labels: Labels.Labels
  readonly createdAt?: { readonly epochMillis: number } | undefined
}

const isId = Schema.is(DeploymentId)

const foundOf = ({ createdAt, labels, name }: Labelled, kind: string, deployer: string) =>
  Option.match(Labels.decodeShared(labels), {
    onNone: () => undefined,
    onSome: (said) => {
      const { deploymentId, registryId } = said
      if (said.deployer !== deployer || !isId(deploymentId)) return undefined
      const generation = generationOf({ labels })
      return { deploymentId, generation, registryId, resource: `${kind} ${name}`, madeAt: createdAt?.epochMillis }
    }
  })
