/**
 * The folders and volumes of the engine's host that a deployment may mount. Some never: a container that writes to the
 * wrong folder controls the machine.
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

/** A folder or file of the host by its absolute path, or a volume of the engine by its name, mounted in the container. */
export const Volume = Schema.Union(
  Schema.TaggedStruct("bind", {
    /** Must exist on the engine's host. */
    source: absolute.pipe(Schema.filter((source) => problemOfSource(source) ?? true)),
    target: absolute.pipe(Schema.filter((target) => problemOfTarget(target) ?? true)),
    /** Default `true`. */
    readOnly: Schema.optionalWith(Schema.Boolean, { default: () => true })
  }),
  Schema.TaggedStruct("volume", {
    /** Created if it does not exist. It outlives the deployment. */
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

/** The reason why a container must not have a path of the host; `undefined` if there is none. Links are not resolved. */
export const problemOfSource = (source: string): string | undefined => {
  if (source === "/") return "must not be the root of the host, because that gives control of the machine"
  if (Path.posix.basename(source) === "docker.sock" || Path.posix.basename(source) === "containerd.sock") {
    return "must not be the engine's socket, because that gives control of the machine"
  }
  const refused = refusedSources.find((path) => overlaps(source, path))
  return refused === undefined
    ? undefined
    : `must not contain or be inside ${refused} of the host, which belongs to the machine`
}

/** The reason why a container must not have a path near the registry in `home`; `undefined` if there is none. */
export const problemOfHome = (source: string, home: string): string | undefined =>
  overlaps(source, home)
    ? "must not contain or be inside the home of the registry, which has its keys and other deployments"
    : undefined

/** The reason why nothing can be mounted at a path inside a container; `undefined` if there is none. */
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
  inside.config,
  inside.secrets,
  inside.doorVolume,
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

/** True if the paths are equal or one contains the other. */
const overlaps = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(one === "/" ? "/" : `${one}/`)
