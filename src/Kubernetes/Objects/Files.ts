/** The files that a pod sees: its manifest, its keys, its secrets and its intake. */
import * as Crypto from "node:crypto"
import * as Redacted from "effect/Redacted"
import { appDirectory } from "../../Containerized/Layout.js"
import { encodeIntakeFile } from "../../Contract/Intake.js"
import { encodeKeysFile } from "../../Contract/Keys.js"
import type { Manifest } from "../../Contract/Manifest.js"
import type { Intake } from "../../Deployment/Intake.js"
import { encodeManifest, manifestFor } from "../../Flavor/InstanceManifest.js"
import { canonicalJson } from "../../Internal/CanonicalJson.js"
import type { Described } from "./Context.js"

/** Paths inside a pod. */
export const inside = {
  app: appDirectory,
  data: "/data",
  config: "/run/effect-deployers",
  secrets: "/run/secrets/effect-deployers",
  intake: "/run/effect-deployers-intake",
  temporary: "/tmp",
  port: 8000
} as const

/** The names of the entries of a Secret. A secret of the pipeline has a prefix. */
export const entries = {
  manifest: "manifest.json",
  keys: "keys.json",
  secret: (name: string) => `secret.${name}`
} as const

/** The name of the entry with the intake. */
export const intakeEntry = "intake.json"

/** The manifest of the pods of a generation. */
export const manifestOf = (request: Described): Manifest => ({
  ...manifestFor(request, place),
  // A pod gets its stop signal before every node knows that it gets no requests any more.
  drainDelayMillis: request.settings.stopDelayMillis
})

/** The entries of the Secret of a generation. */
export const contentOf = (request: Described): Readonly<Record<string, string>> => ({
  [entries.manifest]: encodeManifest(manifestOf(request)),
  ...secretsOf(request)
})

/** The keys of callers and the secrets of the pipeline. */
export const secretsOf = (request: Described): Readonly<Record<string, string>> => ({
  ...(request.keys === undefined ? {} : { [entries.keys]: encodeKeysFile(request.keys) }),
  ...Object.fromEntries(
    Object.entries(request.secrets).map(([name, secret]) => [entries.secret(name), Redacted.value(secret)])
  )
})

/**
 * A digest (hex) of the entries for the name of the Secret. The secret of the proof is a part of it, so that
 * readers learn nothing about short secrets.
 */
export const digestOf = (content: Readonly<Record<string, string>>): string =>
  Crypto.createHash("sha256").update(canonicalJson(content)).digest("hex")

/** The text of the file with the intake. */
export const intakeOf = (intake: Intake | undefined): string => encodeIntakeFile(intake)

// internal

const place = {
  listen: { host: "0.0.0.0", port: inside.port, fallback: false },
  runStore: `${inside.data}/runs.db`,
  endpointFile: `${inside.temporary}/endpoint.json`,
  keysFile: `${inside.config}/${entries.keys}`,
  intakeFile: `${inside.intake}/${intakeEntry}`,
  secrets: inside.secrets
}
