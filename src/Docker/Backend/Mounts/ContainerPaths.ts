/** Where things are inside the container of a deployment. */
import { appDirectory } from "../../../Containerized/Layout.js"

export const inside = {
  app: appDirectory,
  /** The one place that is kept, writable: the run store is in it. */
  data: "/data",
  runStore: "/data/runs.db",
  manifestFolder: "/run/effect-deployers",
  manifest: "/run/effect-deployers/manifest.json",
  /** A file per secret. */
  secrets: "/run/secrets",
  /** Writable memory, empty at each start. */
  temporary: "/tmp",
  endpoint: "/tmp/endpoint.json",
  port: 8000
} as const
