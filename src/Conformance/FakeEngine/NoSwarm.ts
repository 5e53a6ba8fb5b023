/** The answers of an engine that belongs to no swarm. */
import * as Stream from "effect/Stream"
import { EngineError } from "../../Docker/Client/Errors.js"
import type { DockerClient } from "../../Docker/DockerClient.js"

/** The operations of a swarm, all refused. */
export const noSwarm: Pick<typeof DockerClient.Service, "services" | "tasks" | "nodes" | "secrets" | "configs"> =
  (() => {
    const refused = (operation: string) =>
      new EngineError({ operation, status: 503, reason: "this node is not a swarm manager" })
    const objects = (kind: string) => ({
      create: () => refused(`create a ${kind}`),
      list: () => refused(`list ${kind}s`),
      remove: () => refused(`remove a ${kind}`)
    })
    return {
      services: {
        create: () => refused("create a service"),
        inspect: () => refused("inspect a service"),
        list: () => refused("list services"),
        update: () => refused("update a service"),
        remove: () => refused("remove a service"),
        logs: () => Stream.fail(refused("read the log of a service"))
      },
      tasks: { list: () => refused("list tasks"), logs: () => Stream.fail(refused("read the log of a task")) },
      nodes: { list: refused("list nodes") },
      secrets: objects("secret"),
      configs: objects("config")
    }
  })()
