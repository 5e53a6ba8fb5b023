/** Observes an instance through its files and the process table. */
import * as Path from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Endpoint, exitFileOf, Manifest, Exit as WrittenExit } from "../Contract/Manifest.js"
import { OperationalState } from "../Deployment.js"
import type { Instance } from "../Flavor/Instance.js"
import { type Paths, paths, readJson } from "../Flavor/InstanceFiles.js"
import { meaningOfExit } from "../Flavor/InstanceManifest.js"
import { urlOf } from "../Flavor/Ports.js"
import { endpointOf, serveArguments } from "../Flavor/ServiceProcess.js"
import type { Home } from "../Store/Home.js"
import * as Metadata from "./Metadata.js"
import type { ProcessTableUnavailable } from "./ProcessErrors.js"
import { type Exit, Processes, type ProcessRef } from "./Processes.js"
import { Children } from "./ProcessSpawn.js"
import { isAlive } from "./Stop.js"

/** The path of the record of a generation's process. */
export const processFile = (at: Pick<Paths, "generation">): string => Path.join(at.generation, "process.json")

/** The record of a generation's process: its metadata, and a digest of the request that started it. */
export const ProcessRecord = Schema.Struct({ ...Metadata.Metadata.fields, fingerprint: Schema.String })

type Needs = Home | FileSystem.FileSystem | Processes | Children

/**
 * Observes an instance.
 *
 * @param stored the metadata of the instance in the registry
 */
export const observe = (
  instance: Instance,
  stored: OperationalState["metadata"]
): Effect.Effect<OperationalState, ProcessTableUnavailable | PlatformError, Needs> =>
  Effect.gen(function* () {
    const at = yield* paths(instance)
    const known = yield* knownProcess(at, instance, stored)
    if (Option.isNone(known)) return yield* neverStarted(at)
    if (yield* isAlive(refOf(known.value))) return yield* started(at, known.value)
    return yield* ended(at, known.value)
  })

/**
 * The state of an instance whose process in the registry is gone; none if it lives, or if the process table cannot be read.
 */
export const glance = (
  instance: Instance,
  stored: OperationalState["metadata"]
): Effect.Effect<Option.Option<OperationalState>, never, Needs> =>
  Effect.gen(function* () {
    const registered = Metadata.decodeOf(instance, stored)
    if (Option.isNone(registered) || (yield* isAlive(refOf(registered.value)))) return Option.none()
    return Option.some(yield* observe(instance, stored))
  }).pipe(Effect.orElseSucceed(Option.none))

/**
 * The processes that may run an instance: the recorded one, that of the registry, and strays without a record.
 */
export const processesOf = (
  instance: Pick<Instance, "deploymentId" | "generation">,
  stored: OperationalState["metadata"]
): Effect.Effect<ReadonlyArray<ProcessRef>, ProcessTableUnavailable | PlatformError, Needs> =>
  Effect.gen(function* () {
    const at = yield* paths(instance)
    const recorded = yield* readJson(processFile(at), ProcessRecord)
    const registered = Metadata.decodeOf(instance, stored)
    const strays = yield* findStrays(at)
    const refs = [...Option.toArray(recorded).map(refOf), ...Option.toArray(registered).map(refOf), ...strays]
    return [...new Map(refs.map((ref) => [`${ref.pid} ${ref.identity}`, ref])).values()]
  })

/** The process of some metadata. */
export const refOf = (metadata: Metadata.Metadata): ProcessRef => ({
  pid: metadata.pid,
  identity: metadata.processIdentity
})

/** True if the process of an instance that stands by is ready. */
export const standsBy = (instance: Instance): Effect.Effect<boolean, PlatformError, Home | FileSystem.FileSystem> =>
  Effect.map(endpointOf(instance), Option.isSome)

const findStrays = (at: Paths) => Effect.flatMap(Processes, ({ find }) => find(serveArguments(at)))

const knownProcess = (at: Paths, instance: Instance, stored: OperationalState["metadata"]) =>
  Effect.gen(function* () {
    const recorded = yield* readJson(processFile(at), ProcessRecord)
    if (Option.isSome(recorded)) {
      const { fingerprint: _, ...metadata } = recorded.value
      return Option.some<Metadata.Metadata>(metadata)
    }
    const registered = Metadata.decodeOf(instance, stored)
    return Option.isSome(registered) ? registered : yield* strayMetadata(at, instance)
  })

const strayMetadata = (at: Paths, instance: Instance) =>
  Effect.gen(function* () {
    const [stray] = yield* findStrays(at)
    if (stray === undefined) return Option.none<Metadata.Metadata>()
    const manifest = yield* readJson(at.manifest, Manifest)
    return Option.some<Metadata.Metadata>({
      pid: stray.pid,
      processIdentity: stray.identity,
      host: Option.match(manifest, { onNone: () => "127.0.0.1", onSome: ({ listen }) => listen.host }),
      logFile: at.log,
      generation: instance.generation,
      startedAt: yield* DateTime.now
    })
  })

const neverStarted = (at: Paths) =>
  Effect.map(exists(at.generation), (prepared) =>
    prepared
      ? new OperationalState({
          status: "error",
          metadata: {},
          reason: "its files exist, but its process never started"
        })
      : absent
  )

const absent = new OperationalState({ status: "absent", metadata: {} })

const started = (at: Paths, metadata: Metadata.Metadata) =>
  Effect.map(readJson(at.endpoint, Endpoint), (written) => {
    const endpoint = Option.filter(
      written,
      ({ generation, pid, standsBy }) => pid === metadata.pid && generation === metadata.generation && standsBy !== true
    )
    return Option.match(endpoint, {
      onNone: () =>
        new OperationalState({
          status: "pending",
          metadata: Metadata.encode(metadata),
          reason: "its process is running, but does not listen yet"
        }),
      onSome: ({ host, port }) =>
        metadata.door === true && metadata.port !== undefined
          ? new OperationalState({
              status: "running",
              url: urlOf(host, port),
              publicUrl: urlOf(metadata.host, metadata.port),
              metadata: Metadata.encode(metadata)
            })
          : new OperationalState({
              status: "running",
              url: urlOf(host, port),
              metadata: Metadata.encode({ ...metadata, port })
            })
    })
  })

const ended = (at: Paths, metadata: Metadata.Metadata) =>
  Effect.gen(function* () {
    if (!(yield* exists(at.generation))) return absent
    const written = Option.filter(
      yield* readJson(exitFileOf(at.endpoint), WrittenExit),
      ({ pid }) => pid === metadata.pid
    )
    const { exitOf } = yield* Children
    const seen = yield* exitOf(refOf(metadata))
    const exit = Option.getOrElse(
      Option.orElse(seen, () => Option.map(written, ({ code }): Exit => ({ code }))),
      (): Exit => ({})
    )
    const endpoint = yield* readJson(at.endpoint, Endpoint)
    return new OperationalState({
      status: "error",
      metadata: Metadata.encode({
        ...metadata,
        // The next instance listens at the port that callers know.
        ...(Option.isSome(endpoint) && metadata.door !== true ? { port: endpoint.value.port } : {}),
        ...(exit.code === undefined ? {} : { exitCode: exit.code }),
        ...(exit.signal === undefined ? {} : { exitSignal: exit.signal })
      }),
      reason: describeExit(metadata.pid, exit)
    })
  })

const exists = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(path))

/** One sentence without full stop on the exit of a process. */
export const describeExit = (pid: number, exit: Exit): string => {
  if (exit.signal !== undefined) return `its process was ended by ${exit.signal}`
  if (exit.code === undefined) return `its process (${pid}) is gone; it exited, or the machine was restarted`
  const meaning = meaningOfExit(exit.code)
  return `its process ended with exit code ${exit.code}${meaning === undefined ? "" : `: ${meaning}`}`
}
