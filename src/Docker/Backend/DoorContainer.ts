/** The container of a door: its specification and its files. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DoorState, stateName } from "../../Contract/Door.js"
import { relayProgram } from "../../Door/Packed.js"
import type { ContainerSpec } from "../DockerClient.js"
import { Entry, text } from "../Image/Entry.js"
import * as Labels from "../Labels.js"
import type { Identity } from "./BackendContext.js"
import { inside } from "./Mounts/ContainerPaths.js"
import { doorMount } from "./Mounts/DoorVolume.js"
import { type Parts, type Request, sharedLabels } from "./ServiceContainer.js"

/** The parts of a door that are not in the request of its first instance. */
export interface DoorParts extends Pick<Parts, "deployer" | "identity" | "network"> {
  readonly image: Pick<Parts["image"], "imageId" | "node">
}

/**
 * A small container with the image of the first instance, which has a Node. It outlives the instances, and an engine starts
 * it again.
 */
export const doorSpec = (
  request: Request,
  { deployer, identity, image, network }: DoorParts,
  { address, port }: Labels.DoorPlace
): ContainerSpec & { readonly name: string } => ({
  name: Labels.doorName(request.deploymentId, port),
  image: image.imageId,
  labels: { ...sharedLabels(request, deployer), ...Labels.doorRole },
  entrypoint: [image.node, `--max-old-space-size=${heapMegabytes}`, "--max-semi-space-size=1"],
  command: [`${inside.door}/${programName}`, inside.door, `${inside.port}`],
  environment: { NODE_ENV: "production", UV_THREADPOOL_SIZE: "1" },
  workingDirectory: "/",
  user: `${identity.uid}:${identity.gid}`,
  stopSignal: "SIGTERM",
  stopGrace: stopGraceMillis,
  ports: [{ container: inside.port, host: port, address }],
  mounts: [doorMount(request.deploymentId)],
  network,
  // An engine that comes back after its crash stops what still runs, and then starts what has this policy, and no other.
  restartPolicy: { name: "always" },
  log: { driver: "json-file", options: { "max-size": "1m", "max-file": "1" } },
  healthcheck: "none",
  readOnlyRoot: true,
  capDrop: ["ALL"],
  securityOptions: ["no-new-privileges"],
  ipcMode: "private",
  resources: { memoryBytes, memorySwapBytes: memoryBytes, cpuShares: 1_024, pids: 32 }
})

/** Time for the connections of a door that closes. */
export const stopGraceMillis = 3_000

/** The files of a door, in its volume. The user of its container, and of the instances, owns the folder. */
export const doorFiles = ({ gid, uid }: Identity): ReadonlyArray<Entry> => [
  Entry.Folder({ path: folder, mode: 0o700, uid, gid }),
  text(`${folder}/${programName}`, relayProgram, 0o444)
]

/** The file that leads callers to a generation, in the volume. */
export const stateFile = (generation: number): Entry =>
  text(`${folder}/${stateName}`, encodeState({ generation }), 0o444)

/** The generation in the content of that file; none if it is not complete. */
export const generationIn = (content: string): Option.Option<number> =>
  Option.map(decodeState(content), ({ generation }) => generation)

// internal

const programName = "relay.mjs"

/** The folder in the volume. */
const folder = inside.door.slice(inside.doorVolume.length)

// A thousand callers that do not read their answers take 100 MB.
const memoryBytes = 256 * 1_048_576
const heapMegabytes = 64

const decodeState = Schema.decodeOption(Schema.parseJson(DoorState))
const encodeState = Schema.encodeSync(Schema.parseJson(DoorState))
