/** Checks of a request before anything of it exists: the swarm, its nodes, their images, and the routing mesh. */
import * as Effect from "effect/Effect"
import { DockerClient, type SwarmNode } from "../../Docker/DockerClient.js"
import { currentSwarm, type Swarm } from "./Lookup.js"
import { meshWorks } from "./Mesh.js"
import { failed, isShared, type Request } from "./Request.js"

/** The swarm of a request, if it can run it. */
export const checkSwarm = (request: Request) =>
  Effect.gen(function* () {
    const { engine } = yield* DockerClient
    const { swarm } = yield* engine.info
    if (swarm === undefined || !swarm.isManager) {
      // Said as a failure of the request: no wait makes a manager of this engine.
      return yield* Effect.catchTag(currentSwarm, "EngineUnavailable", ({ reason }) => failed(request.name, reason))
    }
    return yield* currentSwarm
  })

/** Fails if no node can run the tasks of a request, or one would without the image, or callers would not reach them. */
export const checkNodes = (request: Request, swarm: Swarm) =>
  Effect.gen(function* () {
    const { nodes } = yield* DockerClient
    const ready = (yield* nodes.list).filter(
      ({ availability, state }) => availability === "active" && state === "ready"
    )
    const fitting = ready.filter((node) => request.settings.constraints.every((one) => allows(one, node)))
    const { name, settings } = request
    if (fitting.length === 0) {
      return yield* failed(
        name,
        `no node that is ready and active fits the constraints ${settings.constraints.join(", ") || "(none)"}; see \`docker node ls\``
      )
    }
    if (imageConstraints(request, swarm).length > 0 && !fitting.some(({ id }) => id === swarm.nodeId)) {
      return yield* failed(
        name,
        `its image is on node ${hostOf(ready, swarm.nodeId)} only, which the constraints ${settings.constraints.join(", ")} leave out; set imageRepository to a repository of a registry that every node reaches (deploy --image-repository), or let the constraints include that node`
      )
    }
    if ((settings.replicas ?? 1) > 1 && !isShared(request))
      return yield* failed(name, "its replicas share no run store")
    if (settings.publish === "mesh") yield* meshWorks(request)
  })

/** The constraints of everything that needs the image: without a registry only the node of the engine in use has it. */
export const imageConstraints = ({ settings }: Request, { nodeId }: Swarm): ReadonlyArray<string> =>
  settings.imageRepository === undefined ? [`node.id==${nodeId}`] : []

/** The constraints of the tasks: those of the settings, of the image, and of a volume with the data. */
export const taskConstraints = (request: Request, swarm: Swarm): ReadonlyArray<string> => [
  ...request.settings.constraints,
  ...(isShared(request) ? imageConstraints(request, swarm) : [`node.id==${swarm.nodeId}`])
]

// internal

const hostOf = (nodes: ReadonlyArray<SwarmNode>, id: string): string =>
  nodes.find((node) => node.id === id)?.hostname ?? id

/** A constraint about anything else is the scheduler's to judge. */
const allows = (constraint: string, node: SwarmNode): boolean => {
  const [, key = "", operator, value = ""] = /^(\S+?) ?([=!]=) ?(.*)$/.exec(constraint) ?? []
  const actual = valueOf(key, node)
  if (actual === undefined) return true
  return (actual.toLowerCase() === value.trim().toLowerCase()) === (operator === "==")
}

const valueOf = (key: string, node: SwarmNode): string | undefined => {
  if (key.startsWith("node.labels.")) return node.labels[key.slice("node.labels.".length)] ?? ""
  switch (key) {
    case "node.id":
      return node.id
    case "node.hostname":
      return node.hostname
    case "node.role":
      return node.role
    case "node.platform.os":
      return node.os
    default:
      return undefined
  }
}
