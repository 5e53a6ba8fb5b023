/** The files of a generation: secrets and configs of the swarm, and a volume with the data on one node. */
import * as Crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { user } from "../../Containerized/Layout.js"
import { DoorState, stateName } from "../../Contract/Door.js"
import { encodeIntakeFile } from "../../Contract/Intake.js"
import type { Intake } from "../../Deployment/Intake.js"
import { BackendContext } from "../../Docker/Backend/BackendContext.js"
import { repeated } from "../../Docker/Backend/BackendErrors.js"
import { inside } from "../../Docker/Backend/Mounts/ContainerPaths.js"
import { folder, intakeEntry, upload } from "../../Docker/Backend/Mounts/EngineVolumes.js"
import { ensureVolume } from "../../Docker/Backend/Mounts/Volumes.js"
import { type Parts, sharedLabels } from "../../Docker/Backend/ServiceContainer.js"
import { DockerClient, type SwarmFile } from "../../Docker/DockerClient.js"
import * as Labels from "../../Docker/Labels.js"
import type { Instance } from "../../Flavor/Instance.js"
import { encodeManifest, manifestFor } from "../../Flavor/InstanceManifest.js"
import { findService } from "./Lookup.js"
import { objectName } from "./Names.js"
import { isShared, type Request } from "./Request.js"

/** The files of the tasks of a generation. */
export interface Files {
  readonly secrets: ReadonlyArray<SwarmFile>
  readonly configs: ReadonlyArray<SwarmFile>
}

/** The path of the intake of tasks that share no folder. */
export const sharedIntake = `${inside.config}/intake.json`

/** The port at which a task takes the connections that a door relays. */
export const relayPort = 8001

/** The volume with the data of a deployment whose run store is a file. */
export const dataVolume = (deploymentId: string): string => Labels.volumeName(deploymentId, "data")

/**
 * Creates the files of a generation, with new names: a secret never changes. The manifest is a secret, because it proves the
 * service to its callers.
 */
export const createFiles = (request: Request) =>
  Effect.gen(function* () {
    const manifest = encodeManifest(manifestFor(request, placeOf(request)))
    const secrets = [
      yield* createSecret(request, inside.manifest, Redacted.make(manifest)),
      ...(yield* Effect.forEach(Object.entries(request.secrets), ([name, value]) =>
        createSecret(request, `${inside.secrets}/${name}`, value)
      ))
    ]
    const state = yield* createConfig(request, stateFile, encodeState({ generation: 0 }))
    const intake = isShared(request) ? [yield* createIntake(request, request.intake)] : []
    return { secrets, configs: [state, ...intake] } satisfies Files
  })

/** The config with the intake of a deployment. */
export const createIntake = (
  instance: Pick<Instance, "deploymentId" | "name" | "generation">,
  intake: Intake | undefined
) => createConfig(instance, sharedIntake, encodeIntakeFile(intake))

/** The volume with the data, with the intake in it. It is on the node of the engine in use. */
export const prepareData = (request: Request, image: Parts["image"]) =>
  Effect.gen(function* () {
    const { deployer } = yield* BackendContext
    const volume = {
      name: dataVolume(request.deploymentId),
      labels: sharedLabels(request, deployer),
      target: inside.data,
      readOnly: false,
      entries: [folder(0o700), intakeEntry(request.intake)]
    }
    yield* ensureVolume(request, volume)
    yield* upload(request, { deployer, image, volumes: [volume] })
  })

/** Removes the secrets and configs of a generation, or of a deployment, that its service does not use. */
export const removeUnused = (of: Pick<Instance, "deploymentId"> & Partial<Pick<Instance, "generation">>) =>
  Effect.gen(function* () {
    const { configs, secrets } = yield* DockerClient
    const { registryId } = yield* BackendContext
    const service = yield* findService(of)
    const used = new Set(service._tag === "None" ? [] : [...service.value.secrets, ...service.value.configs])
    const { deploymentId, generation } = of
    const labels = Labels.filter({ registryId, deploymentId, ...(generation === undefined ? {} : { generation }) })
    for (const objects of [secrets, configs]) {
      const unused = (yield* objects.list(labels)).filter(
        ({ id, labels }) => !used.has(id) && labels[keptKey] !== "door"
      )
      yield* Effect.forEach(unused, ({ id }) => repeated(objects.remove(id)), { discard: true })
    }
  })

/** The config of a deployment for all generations, such as the program of its door. */
export const createShared = (request: Request, name: string, target: string, content: string) =>
  Effect.gen(function* () {
    const { configs } = yield* DockerClient
    const { deployer, registryId } = yield* BackendContext
    const labels = { ...sharedLabels(request, deployer), [keptKey]: "door" }
    const find = Effect.map(
      configs.list({ ...Labels.filter({ registryId, deploymentId: request.deploymentId }), [keptKey]: "door" }),
      (found) => found.find((one) => one.name === name)?.id
    )
    const id =
      (yield* find) ??
      (yield* repeated(
        Effect.catchTag(configs.create({ name, labels, content }), "NameConflict", (error) =>
          Effect.flatMap(find, (found) => (found === undefined ? Effect.fail(error) : Effect.succeed(found)))
        )
      ))
    return fileOf(id, name, target)
  })

/** The label of configs that belong to the door. */
export const keptKey = Labels.keys.role

// internal

const stateFile = `${inside.config}/${stateName}`

const encodeState = Schema.encodeSync(Schema.parseJson(DoorState))

/**
 * No file steers a door that relays to the name of the tasks. A file that names no generation of the deployment makes a task
 * leave its callers in order when it stops: another one serves them.
 */
const placeOf = (request: Request) => ({
  listen: { host: anyAddress, port: inside.port, fallback: false },
  door: { file: stateFile, socket: `tcp:${relayPort}`, host: anyAddress },
  runStore: inside.runStore,
  endpointFile: inside.endpoint,
  intakeFile: isShared(request) ? sharedIntake : inside.intake,
  secrets: inside.secrets
})

const anyAddress = "0.0.0.0"

const fileOf = (id: string, name: string, target: string): SwarmFile => ({
  id,
  name,
  target,
  uid: user.uid,
  gid: user.gid,
  mode: 0o400
})

type OfGeneration = Pick<Instance, "deploymentId" | "name" | "generation">

const labelsOf = ({ deploymentId, generation, name }: OfGeneration) =>
  Effect.map(BackendContext, ({ deployer, registryId }) => ({
    ...sharedLabels({ deploymentId, name, registryId }, deployer),
    [Labels.keys.generation]: String(generation)
  }))

const nonce = Effect.sync(() => Crypto.randomBytes(4).toString("hex"))

const createSecret = (instance: OfGeneration, target: string, content: Redacted.Redacted) =>
  Effect.gen(function* () {
    const { secrets } = yield* DockerClient
    const labels = yield* labelsOf(instance)
    return yield* newObject(instance, target, (name) => secrets.create({ name, labels, content }))
  })

const createConfig = (instance: OfGeneration, target: string, content: string) =>
  Effect.gen(function* () {
    const { configs } = yield* DockerClient
    const labels = yield* labelsOf(instance)
    return yield* newObject(instance, target, (name) => configs.create({ name, labels, content }))
  })

/** Each attempt has a name of its own; one whose answer was lost leaves an object without a user, which is removed. */
const newObject = <E, R>(
  { deploymentId, generation }: OfGeneration,
  target: string,
  create: (name: string) => Effect.Effect<string, E, R>
) =>
  repeated(
    Effect.gen(function* () {
      const name = objectName(deploymentId, generation, yield* nonce)
      return fileOf(yield* Effect.uninterruptible(create(name)), name, target)
    })
  )
