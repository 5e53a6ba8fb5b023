/**
 * Files for containers of an engine that sees the folders of this machine: folders of the home, and of a memory disk for
 * secrets.
 */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Instance, ProvisionRequest } from "../../../Flavor/Backend.js"
import { orIfMissing, writeSecrets, writeWhole } from "../../../Flavor/InstanceFiles.js"
import type { DockerSettings } from "../../Settings.js"
import { BackendContext } from "../BackendContext.js"
import { failed } from "../Failures.js"
import { inside } from "./ContainerPaths.js"
import { codeCacheOf, manifestOf, paths } from "./Files.js"
import { checkSources } from "./HostPathChecks.js"
import { usableSecretsFolder } from "./SecretsDirectory.js"
import type { MountStrategy } from "./Strategy.js"

/** Secrets are in memory where there is some, and gone after the machine was started anew. */
export const bindMounts: MountStrategy = {
  identity: ({ identity }) => identity,
  check: (request) =>
    checkSources(request, (source) =>
      failed(request.name, `the volume ${source} is not on this machine; make it first`)
    ),
  give: (request) =>
    Effect.gen(function* () {
      const { data, told } = yield* placeFolders(request)
      const secrets = yield* placeSecrets(request)
      return [
        { type: "bind", source: data, target: inside.data },
        { type: "bind", source: told, target: inside.manifestFolder, readOnly: true },
        ...(secrets === undefined
          ? []
          : [{ type: "bind" as const, source: secrets, target: inside.secrets, readOnly: true }])
      ]
    }),
  take: (instance) =>
    Effect.gen(function* () {
      const { secretsOnDisk } = yield* paths(instance)
      const { secretsFolders } = yield* BackendContext
      for (const folder of secretsFolders) {
        yield* removeSecrets(secretsIn(folder, instance))
        yield* removeIfEmpty(Path.join(folder, instance.deploymentId))
      }
      yield* removeSecrets(secretsOnDisk)
    }),
  takeAll: ({ deploymentId }) =>
    Effect.gen(function* () {
      const { secretsFolders } = yield* BackendContext
      for (const folder of secretsFolders) yield* removeSecrets(Path.join(folder, deploymentId))
    })
}

// internal

const placeFolders = (request: ProvisionRequest<DockerSettings>) =>
  Effect.gen(function* () {
    const at = yield* paths(request)
    yield* ownFolder(at.data, 0o700)
    yield* ownFolder(at.told, 0o700)
    yield* writeWhole(at.manifest, manifestOf(request), 0o400)
    yield* giveAway(at.manifest)
    const codeCache = yield* codeCacheOf(request)
    if (Option.isSome(codeCache))
      yield* placeCodeCache(Path.join(at.told, codeCache.value.name), codeCache.value.content)
    return at
  })

const placeCodeCache = (path: string, content: Uint8Array) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(path, { force: true })
    yield* fs.writeFile(path, content, { mode: 0o400 })
    yield* giveAway(path)
  })

/** Folders above it may be passed through and not listed; its own may be read by the user in the container only. */
const placeSecrets = (request: ProvisionRequest<DockerSettings>) =>
  Effect.gen(function* () {
    if (Object.keys(request.secrets).length === 0) return undefined
    const fs = yield* FileSystem.FileSystem
    const memory = yield* usableSecretsFolder
    const folder = Option.isSome(memory) ? secretsIn(memory.value, request) : (yield* paths(request)).secretsOnDisk
    yield* fs.makeDirectory(folder, { recursive: true, mode: Option.isSome(memory) ? 0o711 : 0o700 })
    yield* fs.chmod(folder, 0o700)
    yield* writeSecrets(folder, request.secrets)
    yield* Effect.forEach(Object.keys(request.secrets), (name) => giveAway(Path.join(folder, name)), { discard: true })
    yield* giveAway(folder)
    yield* fs.chmod(folder, 0o500)
    return folder
  })

const secretsIn = (folder: string, { deploymentId, generation }: Pick<Instance, "deploymentId" | "generation">) =>
  Path.join(folder, deploymentId, `${generation}`)

const ownFolder = (folder: string, mode: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(folder, { recursive: true, mode })
    yield* fs.chmod(folder, mode)
    yield* giveAway(folder)
  })

const giveAway = (path: string) =>
  Effect.gen(function* () {
    const { givesAway, identity } = yield* BackendContext
    const fs = yield* FileSystem.FileSystem
    if (givesAway) yield* fs.chown(path, identity.uid, identity.gid)
  })

/** What may not be written to cannot be emptied, except by root. */
const removeSecrets = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.chmod(folder, 0o700).pipe(orIfMissing<void>(undefined))
    yield* fs.remove(folder, { recursive: true, force: true })
  })

const removeIfEmpty = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const content = yield* fs.readDirectory(folder).pipe(orIfMissing<ReadonlyArray<string>>(["missing"]))
    if (content.length === 0) yield* fs.remove(folder, { recursive: true, force: true })
  })
