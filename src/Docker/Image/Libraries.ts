/** The shared libraries a program or a native addon needs on this machine. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Elf from "./Elf.js"

/** A library of this machine. */
export interface Library {
  /** The name in the files that need it. */
  readonly name: string
  /** Its path. */
  readonly file: string
  /** True if a file needs it in this very folder. */
  readonly pinned: boolean
}

/** The needs of a set of programs. */
export interface Needs {
  readonly interpreters: ReadonlyArray<string>
  /** Direct and indirect ones, each once. */
  readonly libraries: ReadonlyArray<Library>
  /** Names of libraries that are not installed. */
  readonly missing: ReadonlyArray<string>
}

/**
 * Finds the direct and indirect needs of programs and addons. A file that is not 64-bit ELF, or is for another processor
 * than `machine`, needs nothing.
 *
 * @param machine architecture number of the Node they run in; default that of the first file
 */
export const needs = (
  files: ReadonlyArray<string>,
  machine?: number
): Effect.Effect<Needs, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const folders = yield* systemFolders
    const libraries = new Map<string, Library>()
    const interpreters = new Set<string>()
    const missing = new Set<string>()
    const waiting = [...files]
    let wanted = machine
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const elf = Option.getOrUndefined(yield* Elf.read(file))
      if (elf === undefined || (wanted !== undefined && elf.machine !== wanted)) continue
      wanted ??= elf.machine
      if (elf.interpreter !== undefined) interpreters.add(elf.interpreter)
      for (const name of elf.needed) {
        if (libraries.has(name)) continue
        const found = yield* find(name, elf, Path.dirname(file), folders)
        if (Option.isNone(found)) missing.add(name)
        else {
          libraries.set(name, found.value)
          waiting.push(found.value.file)
        }
      }
    }
    return { interpreters: [...interpreters], libraries: [...libraries.values()], missing: [...missing] }
  })

/** Finds a library by name in the folders of the loader. */
export const locate = (
  name: string,
  machine: number
): Effect.Effect<Option.Option<string>, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(systemFolders, (folders) =>
    firstFitting(
      folders.map((folder) => Path.join(folder, name)),
      machine
    )
  )

// internal

const find = (name: string, needer: Elf.Elf, origin: string, folders: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const [fixed, beside] = Array.partition(needer.runPath, (folder) => folder.includes("ORIGIN"))
    const at = (folders: ReadonlyArray<string>) =>
      firstFitting(
        folders.filter((folder) => folder.startsWith("/")).map((folder) => Path.join(folder, name)),
        needer.machine
      )
    const pinned = yield* at(fixed)
    if (Option.isSome(pinned)) return Option.some<Library>({ name, file: pinned.value, pinned: true })
    const own = yield* at(beside.map((folder) => folder.replace(/\$ORIGIN|\$\{ORIGIN\}/g, origin)))
    const file = Option.isSome(own) ? own : yield* at(folders)
    return Option.map(file, (file): Library => ({ name, file, pinned: false }))
  })

const firstFitting = (candidates: ReadonlyArray<string>, machine: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    for (const candidate of candidates) {
      if (!(yield* Effect.orElseSucceed(fs.exists(candidate), () => false))) continue
      const elf = yield* Effect.orElseSucceed(Elf.read(candidate), () => Option.none<Elf.Elf>())
      if (Option.isSome(elf) && elf.value.machine === machine) return Option.some(candidate)
    }
    return Option.none<string>()
  })

const systemFolders = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const configured = yield* Effect.orElseSucceed(fs.readFileString("/etc/ld.so.conf"), () => "")
  const included = yield* Effect.orElseSucceed(fs.readDirectory("/etc/ld.so.conf.d"), (): Array<string> => [])
  const more = yield* Effect.forEach(included.filter((name) => name.endsWith(".conf")).sort(), (name) =>
    Effect.orElseSucceed(fs.readFileString(`/etc/ld.so.conf.d/${name}`), () => "")
  )
  const folders = [configured, ...more].flatMap((text) => text.split("\n").map((line) => line.trim()))
  return Array.dedupe([...loaderFolders, ...folders.filter((line) => line.startsWith("/"))])
})

const triplets = [
  "x86_64-linux-gnu",
  "aarch64-linux-gnu",
  "riscv64-linux-gnu",
  "powerpc64le-linux-gnu",
  "s390x-linux-gnu"
]

/** The default folders of loaders, on any distribution. */
const loaderFolders = [
  ...triplets.flatMap((triplet) => [`/lib/${triplet}`, `/usr/lib/${triplet}`]),
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib"
]
