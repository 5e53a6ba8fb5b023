/** Paths inside the container of a deployment. */
import { appDirectory } from "../../../Containerized/Layout.js"

export const inside = {
  app: appDirectory,
  /** The only persistent folder, writable; it contains the run store. */
  data: "/data",
  runStore: "/data/runs.db",
  /** The intake of the deployment. */
  intake: "/data/intake.json",
  config: "/run/effect-deployers",
  manifest: "/run/effect-deployers/manifest.json",
  /** The live keys. */
  keys: "/run/effect-deployers/keys.json",
  /** One file for each secret. */
  secrets: "/run/secrets",
  /** The volume of the deployment's door. */
  doorVolume: "/run/effect-deployers-door",
  /** The files of the door, and the sockets of the instances; an engine sets no owner for the root of a volume. */
  door: "/run/effect-deployers-door/door",
  /** Writable memory, empty at each start. */
  temporary: "/tmp",
  endpoint: "/tmp/endpoint.json",
  port: 8000
} as const
