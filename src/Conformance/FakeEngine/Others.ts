/** Networks and volumes of the engine that runs nothing. */
import * as Effect from "effect/Effect"
import type { Networks, Volumes } from "../../Docker/Client/Contract.js"
import { NameConflict, NetworkInUse, NetworkNotFound, VolumeInUse } from "../../Docker/Client/Errors.js"
import type { NetworkSpec } from "../../Docker/Client/Resources.js"
import { change, query } from "./Gate.js"
import type { FakeNetwork, World } from "./Model.js"
import { hasLabels } from "./View.js"
import { isAlive } from "./World.js"

export const networks = (world: World): Networks => ({
  create: (spec) => change(world, "create a network", spec.name, createNetwork(world, spec)),
  inspect: (ref) =>
    query(
      world,
      "inspect a network",
      Effect.suspend(() => {
        const network = findNetwork(world, ref)
        return network === undefined ? new NetworkNotFound({ network: ref }) : Effect.succeed(attached(world, network))
      })
    ),
  list: (labels) =>
    query(
      world,
      "list networks",
      Effect.sync(() => Array.from(world.networks.values()).filter((network) => hasLabels(network.labels, labels)))
    ),
  remove: (ref) =>
    change(
      world,
      "remove a network",
      ref,
      Effect.suspend(() => {
        const network = findNetwork(world, ref)
        if (network === undefined) return Effect.void
        if (attached(world, network).containers.length > 0) return new NetworkInUse({ network: ref })
        world.networks.delete(network.id)
        return Effect.void
      })
    )
})

const findNetwork = (world: World, ref: string): FakeNetwork | undefined =>
  Array.from(world.networks.values()).find(({ id, name }) => id === ref || name === ref)

const attached = (world: World, network: FakeNetwork): FakeNetwork => ({
  ...network,
  containers: Array.from(world.containers.values())
    .filter((container) => isAlive(container) && isOn(network, container.spec.network))
    .map(({ id }) => id)
})

const isOn = ({ id, name }: FakeNetwork, network: string | undefined): boolean => network === id || network === name

const createNetwork = (world: World, spec: NetworkSpec): Effect.Effect<string, NameConflict> =>
  Effect.suspend(() => {
    const owner = findNetwork(world, spec.name)
    if (owner !== undefined) return new NameConflict({ kind: "network", name: spec.name, ownerId: owner.id })
    const id = (world.nextId++).toString(16).padStart(64, "0")
    const { internal = false, labels, name } = spec
    world.networks.set(id, {
      id,
      name,
      driver: spec.driver ?? "bridge",
      internal,
      labels,
      subnets: [],
      containers: [],
      spec
    })
    return Effect.succeed(id)
  })

export const volumes = (world: World): Volumes => ({
  create: ({ labels, name }) =>
    change(
      world,
      "create a volume",
      name,
      Effect.sync(() => {
        const volume = world.volumes.get(name) ?? {
          name,
          labels,
          driver: "local",
          mountpoint: `/fake/volumes/${name}`,
          files: new Map()
        }
        world.volumes.set(name, volume)
        return volume
      })
    ),
  list: (labels) =>
    query(
      world,
      "list volumes",
      Effect.sync(() => Array.from(world.volumes.values()).filter((volume) => hasLabels(volume.labels, labels)))
    ),
  remove: (name) =>
    change(
      world,
      "remove a volume",
      name,
      Effect.suspend(() => {
        const isUsed = Array.from(world.containers.values()).some(({ spec }) =>
          spec.mounts?.some((mount) => mount.type === "volume" && mount.source === name)
        )
        if (isUsed) return new VolumeInUse({ volume: name })
        world.volumes.delete(name)
        return Effect.void
      })
    )
})
