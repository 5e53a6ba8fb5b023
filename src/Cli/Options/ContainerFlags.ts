/** The options of `deployers deploy` that limit a service, or say what a container has. */
import * as Path from "node:path"
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import type { DockerSettingsInput } from "../../Docker/Settings.js"
import { flag, text } from "../Common.js"

type Volume = NonNullable<DockerSettingsInput["volumes"]>[number]

/** The options. */
export const containerOptions = {
  memory: text(
    "memory",
    "The most memory, such as 512m or 1g; a local process limits JavaScript's heap to it.",
    "size"
  ),
  cpus: Options.float("cpus").pipe(
    Options.withPseudoName("n"),
    Options.withDescription("The most processors of a container, such as 0.5; default: all."),
    Options.optional
  ),
  gpus: text("gpus", "The GPUs of a container: all, or a number; default: none.", "all|n").pipe(
    Options.filterMap((given) => parseGpus(given), "Give --gpus all or a whole number.")
  ),
  base: text("base", "The base of a container's image: an image, or host for this machine's Node.", "image"),
  shell: flag("shell", "Copy this machine's shell and usual tools into an image from this machine's Node."),
  fonts: flag("fonts", "Copy this machine's fonts into an image from this machine's Node."),
  door: flag(
    "door",
    "Keep the URL of a container over replaces, which is the default: a small container has the port and relays connections."
  ),
  noDoor: flag("no-door", "Publish a container itself, without the small container that keeps its URL over replaces."),
  extraHost: Options.text("extra-host").pipe(
    Options.withPseudoName("NAME:IP"),
    Options.withDescription(
      "A line of a container's hosts file; host-gateway as IP is the engine's machine; can be repeated."
    ),
    Options.repeated
  ),
  volume: Options.text("volume").pipe(
    Options.withPseudoName("SRC:DST[:ro]"),
    Options.withDescription("A folder, or a volume of the engine by name, inside a container; can be repeated."),
    Options.repeated,
    Options.filterMap(
      (texts) => Option.all(texts.map(parseVolume)),
      "Write --volume as SRC:DST or SRC:DST:ro, such as ./models:/models:ro."
    )
  )
} as const

/** Values of {@link containerOptions}. */
export interface GivenContainer {
  readonly memory: Option.Option<string>
  readonly cpus: Option.Option<number>
  readonly gpus: Option.Option<"all" | number>
  readonly base: Option.Option<string>
  readonly shell: boolean
  readonly fonts: boolean
  readonly door: boolean
  readonly noDoor: boolean
  readonly extraHost: ReadonlyArray<string>
  readonly volume: ReadonlyArray<Volume>
}

/** The settings of the given options. */
export const containerSettings = (given: GivenContainer): DockerSettingsInput => ({
  ...(Option.isSome(given.memory) ? { memory: given.memory.value } : {}),
  ...(Option.isSome(given.cpus) ? { cpus: given.cpus.value } : {}),
  ...(Option.isSome(given.gpus) ? { gpus: given.gpus.value } : {}),
  ...(Option.isSome(given.base) ? { base: given.base.value } : {}),
  ...(given.shell ? { shell: true } : {}),
  ...(given.fonts ? { fonts: true } : {}),
  ...(given.door || given.noDoor ? { door: given.door } : {}),
  ...(given.extraHost.length > 0 ? { extraHosts: given.extraHost } : {}),
  ...(given.volume.length > 0 ? { volumes: given.volume } : {})
})

/** A volume as people write it. A source with a slash or a dot at its start is a folder, relative to the current one. */
export const parseVolume = (text: string): Option.Option<Volume> => {
  const [, source, target, mode] = /^([^:]+):([^:]+)(?::(ro|rw))?$/.exec(text) ?? []
  if (source === undefined || target === undefined) return Option.none()
  const readOnly = mode === "ro"
  return Option.some(
    /^[./]/.test(source)
      ? { _tag: "bind", source: Path.resolve(source), target, readOnly }
      : { _tag: "volume", name: source, target, readOnly }
  )
}

// internal

const parseGpus = (given: Option.Option<string>): Option.Option<Option.Option<"all" | number>> => {
  if (Option.isNone(given)) return Option.some(Option.none())
  if (given.value === "all") return Option.some(Option.some("all"))
  return /^[1-9]\d{0,3}$/.test(given.value) ? Option.some(Option.some(Number(given.value))) : Option.none()
}
