/** Paths inside the container of a deployment. */
import { appDirectory } from "../../../Containerized/Layout.js"

export const inside = {
  app: appDirectory,
  /** The only persistent folder, writable; it contains the run store. */
  data: "/data",
  runStore: "/data/runs.db",
  config: "/run/effect-deployers",
  manifest: "/run/effect-deployers/manifest.json",
  /** One file for each secret. */
  secrets: "/run/secrets",
  /** Writable memory, empty at each start. */
  temporary: "/tmp",
  endpoint: "/tmp/endpoint.json",
  port: 8000
} as const
