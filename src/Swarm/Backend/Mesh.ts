/** The routing mesh of a swarm: a balancer in the kernel of each node, which not every kernel has. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { DockerClient } from "../../Docker/DockerClient.js"
import { failed, type Request } from "./Request.js"

/**
 * Fails if the kernel of this machine has no IPVS. An engine reports nothing about it, and a service behind the mesh would
 * start and never be reached. Of an engine on another machine nothing is known: there the health check shows it.
 */
export const meshWorks = (request: Request) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { host } = yield* DockerClient
    const { hostname, remote } = yield* host
    if (remote && !(yield* isHere(hostname))) return
    const has = yield* Effect.exit(fs.access("/proc/net/ip_vs"))
    if (Exit.isSuccess(has)) return
    return yield* failed(
      request.name,
      'the kernel of this machine has no IPVS, which the routing mesh of the swarm needs (`modprobe ip_vs` loads it, if the kernel has it); leave the setting publish out, or set it to "door": a door on each node then relays callers to the tasks'
    )
  })

// internal

/** An engine in a network namespace of this machine has its kernel, too. Its address is not one that can be compared. */
const isHere = (hostname: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.readFileString("/proc/net/fib_trie").pipe(
      Effect.map((text) => text.includes(`${hostname.split(".").slice(0, 3).join(".")}.`)),
      Effect.orElseSucceed(() => false)
    )
  )
