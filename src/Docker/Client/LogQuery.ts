/** The selection of the lines of a log in the form of the engine. */
import type { ContainerLogsOptions } from "./Container.js"

/** The parameters of a request for a log. */
export const query = (options: ContainerLogsOptions) => ({
  stdout: true,
  stderr: true,
  timestamps: options.timestamps ?? true,
  follow: options.follow ?? false,
  tail: options.tail ?? "all",
  since: options.since === undefined ? undefined : (options.since / 1_000).toFixed(3)
})
