/**
 * What of the engine's host a deployment may see besides its own files, and what never: a container that can write the
 * wrong folder owns the machine.
 */
import * as Path from "node:path"
import * as Schema from "effect/Schema"
import { inside } from "./Backend/Mounts/ContainerPaths.js"

const absolute = Schema.String.pipe(
  Schema.maxLength(1_000),
  Schema.filter(
    (path) =>
      (path.startsWith("/") && Path.posix.normalize(path) === path && isPlain(path)) ||
      'must be an absolute path without "..", such as "/srv/models"'
  )
)

const isPlain = (path: string): boolean =>
  (path === "/" || !path.endsWith("/")) && Array.from(path).every((character) => character >= " " && character !== ":")

/**
 * A folder or file of the host by its absolute path, or a volume of the engine by its name, at a place inside the
 * container.
 */
export const Volume = Schema.Union(
  Schema.TaggedStruct("bind", {
    /** Must exist on the engine's host. */
    source: absolute.pipe(Schema.filter((source) => problemOfSource(source) ?? true)),
    target: absolute.pipe(Schema.filter((target) => problemOfTarget(target) ?? true)),
    /** Default `true`. */
    readOnly: Schema.optionalWith(Schema.Boolean, { default: () => true })
  }),
  Schema.TaggedStruct("volume", {
    /** Made if it does not exist. It outlives the deployment. */
    name: Schema.String.pipe(
      Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{1,199}$/, {
        message: () => 'must be the name of a volume: letters, digits, "_", "." and "-", at least two'
      })
    ),
    target: absolute.pipe(Schema.filter((target) => problemOfTarget(target) ?? true)),
    /** Default `false`. */
    readOnly: Schema.optionalWith(Schema.Boolean, { default: () => false })
  })
)

export type Volume = typeof Volume.Type

/**
 * Why a path of the host may not be given to a container; `undefined` if it may. Paths that lead to a refused place
 * through a link are found only when the link is resolved first.
 */
export const problemOfSource = (source: string): string | undefined => {
  if (source === "/") return "must not be the root of the host: whoever has it owns the machine"
  if (Path.posix.basename(source) === "docker.sock" || Path.posix.basename(source) === "containerd.sock") {
    return "must not be the engine's socket: whoever has it owns the machine"
  }
  const refused = refusedSources.find((path) => overlaps(source, path))
  return refused === undefined ? undefined : `must not touch ${refused} of the host: that is the machine's own`
}

/** Why a path of the host may not be given to a container that keeps its registry in `home`; `undefined` if it may. */
export const problemOfHome = (source: string, home: string): string | undefined =>
  overlaps(source, home) ? "must not touch the home of the registry, its keys and other deployments" : undefined

/** Why something cannot be put at a place inside a container; `undefined` if it can. */
export const problemOfTarget = (target: string): string | undefined => {
  if (target === "/") return "must not be the root of the container"
  const taken = refusedTargets.find((path) => overlaps(target, path))
  return taken === undefined ? undefined : `must not cover ${taken} of the container`
}

// internal

const refusedSources: ReadonlyArray<string> = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/proc",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
  "/var/lib/containerd",
  "/var/lib/docker",
  "/var/run"
]

const refusedTargets: ReadonlyArray<string> = [
  inside.app,
  inside.data,
  inside.manifestFolder,
  inside.secrets,
  inside.temporary,
  "/bin",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/proc",
  "/sbin",
  "/sys",
  "/usr"
]

/** Whether one path is the other or contains it. */
const overlaps = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(one === "/" ? "/" : `${one}/`)
