/**
 * Files for an engine that sees the folders of this machine: folders of the home, and folders in memory for secrets, which
 * do not survive a restart of the machine.
 */
import * as Path from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { intakeFile } from "../../../Contract/Intake.js"
import type { Intake } from "../../../Deployment/Intake.js"
import type { Instance } from "../../../Flavor/Instance.js"
import { orIfMissing, writeSecrets } from "../../../Flavor/InstanceFiles.js"
import * as InstanceIntake from "../../../Flavor/InstanceIntake.js"
import * as InstanceKeys from "../../../Flavor/InstanceKeys.js"
import { DockerClient, type Mount } from "../../DockerClient.js"
import { BackendContext } from "../BackendContext.js"
import { failed } from "../BackendErrors.js"
import type { Request } from "../ServiceContainer.js"
import { missingAccess } from "./Access.js"
import { inside } from "./ContainerPaths.js"
import { configFiles, keysName, paths } from "./Files.js"
import { checkHostPaths } from "./HostPathChecks.js"
import { usableSecretsFolder } from "./SecretsDirectory.js"
import type { MountStrategy } from "./Strategy.js"

/** Folders of this machine. */
export const bindMounts: MountStrategy = {
  identity: ({ identity }) => identity,
  check: (request) =>
    Effect.zipRight(
      checkHostPaths(request, (source) =>
        failed(request.name, `the volume ${source} is not on this machine; create it first`)
      ),
      checkAccess(request)
    ),
  write: (request) =>
    Effect.gen(function* () {
      const { config, data } = yield* paths(request)
      yield* makeOwnFolder(data)
      yield* writeConfig(config, request)
      yield* writeIntake(data, request.intake)
      const secrets = Object.keys(request.secrets).length === 0 ? [] : [yield* writeSecretFiles(request)]
      return [
        { type: "bind", source: data, target: inside.data },
        readOnly(config, inside.config),
        ...secrets.map((source) => readOnly(source, inside.secrets))
      ]
    }),
  updateKeys: (deployment, keys) =>
    Effect.as(
      InstanceKeys.update(deployment, keys, (folder) => Path.join(folder, "config", keysName), giveAway),
      true
    ),
  writeIntake: (instance, intake) => Effect.flatMap(paths(instance), ({ data }) => writeIntake(data, intake)),
  remove: (instance) =>
    Effect.gen(function* () {
      const { secretsOnDisk } = yield* paths(instance)
      const { secretsFolders } = yield* BackendContext
      for (const folder of secretsFolders) {
        yield* removeSecrets(secretsIn(folder, instance))
        yield* removeIfEmpty(Path.join(folder, instance.deploymentId))
      }
      yield* removeSecrets(secretsOnDisk)
    }),
  removeAll: ({ deploymentId }) =>
    Effect.gen(function* () {
      const { secretsFolders } = yield* BackendContext
      for (const folder of secretsFolders) yield* removeSecrets(Path.join(folder, deploymentId))
    })
}

// internal

/** Fails if the user of the container has no access to a volume. A rootless engine has other numbers of users. */
const checkAccess = ({ name, settings }: Request) =>
  Effect.gen(function* () {
    const binds = settings.volumes.flatMap((volume) => (volume._tag === "bind" ? [volume] : []))
    if (binds.length === 0 || process.platform !== "linux") return
    const { engine } = yield* DockerClient
    const { identity } = yield* BackendContext
    const isRootless = yield* engine.info.pipe(
      Effect.map(({ rootless }) => rootless),
      Effect.orElseSucceed(() => true)
    )
    if (isRootless) return
    const fs = yield* FileSystem.FileSystem
    for (const { readOnly, source } of binds) {
      const { gid, mode, type, uid } = yield* fs.stat(source)
      const owned = {
        uid: Option.getOrElse(uid, () => 0),
        gid: Option.getOrElse(gid, () => 0),
        mode,
        isFolder: type === "Directory"
      }
      const problem = missingAccess(owned, identity, settings.run.groups, readOnly)
      if (problem === undefined) continue
      const grant = readOnly ? "o+rX" : "o+rwX"
      yield* failed(
        name,
        `the volume ${source} of the setting volumes is of no use: ${problem}; \`chmod -R ${grant} ${source}\` gives access, or \`chown -R ${identity.uid}:${identity.gid} ${source}\``
      )
    }
  })

const writeIntake = (data: string, intake: Intake | undefined) =>
  InstanceIntake.write(Path.join(data, intakeFile), intake, giveAway)

const readOnly = (source: string, target: string): Mount => ({ type: "bind", source, target, readOnly: true })

const writeConfig = (folder: string, request: Request) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* makeOwnFolder(folder)
    for (const { content, name } of yield* configFiles(request)) {
      const file = Path.join(folder, name)
      yield* fs.remove(file, { force: true })
      yield* fs.writeFile(file, Buffer.from(content), { mode: 0o400 })
      yield* giveAway(file)
    }
  })

/** The folders above can be passed and not listed; only the user of the container reads the folder itself. */
const writeSecretFiles = (request: Request) =>
  Effect.gen(function* () {
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

const makeOwnFolder = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    yield* fs.chmod(folder, 0o700)
    yield* giveAway(folder)
  })

const giveAway = (path: string) =>
  Effect.gen(function* () {
    const { givesAway, identity } = yield* BackendContext
    const fs = yield* FileSystem.FileSystem
    if (givesAway) yield* fs.chown(path, identity.uid, identity.gid)
  })

/** Only root can empty a folder that is not writable. */
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
