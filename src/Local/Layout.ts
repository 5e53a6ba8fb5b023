/** The paths of the files of a local deployment. */
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Instance } from "../Flavor/Backend.js"
import { type Folders, folders } from "../Flavor/InstanceFiles.js"
import type { Home } from "../Store/Home.js"
import * as Metadata from "./Metadata.js"

/** The paths of one generation, and of the files that all generations of its deployment share. */
export interface Paths extends Folders {
  /** The log, shared by all generations; rotated files have a number after the name. */
  readonly log: string
  /** The run store, shared by all generations. */
  readonly runStore: string
  readonly manifest: string
  readonly endpoint: string
  /** The record of the process. */
  readonly process: string
  readonly secrets: string
}

/** The paths of an instance. */
export const paths = (instance: Pick<Instance, "deploymentId" | "generation">): Effect.Effect<Paths, never, Home> =>
  Effect.map(folders(instance), (at) => ({
    ...at,
    log: Path.join(at.deployment, "service.log"),
    runStore: Path.join(at.deployment, "runs.db"),
    manifest: Path.join(at.generation, "manifest.json"),
    endpoint: Path.join(at.generation, "endpoint.json"),
    process: Path.join(at.generation, "process.json"),
    secrets: Path.join(at.generation, "secrets")
  }))

/** The record of a process: its metadata, and a digest of its request. */
export const ProcessRecord = Schema.Struct({ ...Metadata.Metadata.fields, fingerprint: Schema.String })

export type ProcessRecord = typeof ProcessRecord.Type
