/** The logs of the pods of an instance, merged, and followed over replacements. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { LogLine } from "../../Deployment.js"
import { DeploymentLogsNotFound } from "../../Errors/Lifecycle.js"
import type { LogsOptions } from "../../Flavor/Backend.js"
import type { Instance } from "../../Flavor/Instance.js"
import type { Home } from "../../Store/Home.js"
import type { PodObject } from "../Client/Resources.js"
import { KubernetesClient, type QueryError, types } from "../KubernetesClient.js"
import * as Labels from "../Labels.js"
import { container } from "../Objects/Pod.js"
import { BackendContext } from "./BackendContext.js"
import { podsOf } from "./Observe.js"
import { type Place, placeOf } from "./Place.js"

/** The failures of reading a log. */
export type LogError = QueryError | PlatformError | DeploymentLogsNotFound

type Needs = KubernetesClient | BackendContext | Home | FileSystem

/**
 * The lines of all pods in the order of their times. A pod that was restarted begins with the log of the container before
 * the last restart. With several pods a line begins with the name of its pod.
 */
export const logs = (instance: Instance, options: LogsOptions): Stream.Stream<LogLine, LogError, Needs> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const place = yield* placeOf(instance, {})
      if (Option.isNone(place)) return yield* noLogs(instance)
      const pods = yield* podsOf(instance, place.value)
      if (pods.length === 0) return yield* noLogs(instance)
      const past = Stream.unwrap(Effect.map(pastLines(pods, place.value, options), Stream.fromChunk))
      if (options.follow !== true) return past
      const { now } = yield* KubernetesClient
      const since = yield* now
      return Stream.concat(past, followed(instance, place.value, since))
    })
  )

// internal

interface Line {
  readonly at: number | undefined
  readonly text: string
  readonly pod: string
}

const noLogs = ({ generation, name }: Instance) =>
  new DeploymentLogsNotFound({ name, reason: `there is no pod of generation ${generation}; it was removed` })

const pastLines = (pods: ReadonlyArray<PodObject>, place: Place, { since, tail }: LogsOptions) =>
  Effect.gen(function* () {
    const client = yield* KubernetesClient
    const read = (pod: PodObject, previous: boolean) =>
      client.logs({ namespace: place.namespace, name: pod.metadata.name }, { container, since, tail, previous }).pipe(
        Stream.map((line): Line => ({ ...line, pod: pod.metadata.name })),
        Stream.runCollect
      )
    const ofPods = yield* Effect.forEach(
      pods,
      (pod) =>
        Effect.zipWith(wasRestarted(pod) ? read(pod, true) : none, read(pod, false), (before, now) => [
          ...before,
          ...now
        ]),
      { concurrency: 4 }
    )
    const lines = ofPods.flat()
    // A sort keeps the order of equal times.
    const sorted = lines.sort((one, other) => (one.at ?? 0) - (other.at ?? 0))
    const chosen = tail === undefined ? sorted : sorted.slice(Math.max(0, sorted.length - tail))
    return Chunk.fromIterable(chosen.map((line) => toLine(line, pods.length > 1)))
  })

const none = Effect.succeed(Chunk.empty<Line>())

const wasRestarted = ({ status }: PodObject): boolean =>
  status.containerStatuses.some(({ restartCount }) => restartCount > 0)

// A log has very many lines, and every field is known to be valid.
const toLine = ({ at, pod, text }: Line, isOneOfMany: boolean): LogLine =>
  new LogLine(
    {
      text: isOneOfMany ? `[${pod}] ${text}` : text,
      ...(at === undefined ? {} : { at: DateTime.unsafeMake(at) })
    },
    { disableValidation: true }
  )

/** The lines of all pods from now on. Pods that start later come along. */
const followed = (instance: Instance, place: Place, since: number): Stream.Stream<LogLine, LogError, Needs> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const client = yield* KubernetesClient
      const { registryId } = yield* BackendContext
      const seen = yield* Ref.make<ReadonlySet<string>>(new Set())
      return client.changes(types.pods, place.namespace, Labels.ofInstance({ ...instance, registryId })).pipe(
        Stream.mapEffect(() => Effect.flatMap(podsOf(instance, place), (pods) => unseen(seen, pods))),
        Stream.flatMap(Stream.fromIterable),
        Stream.flatMap(
          ({ metadata: { name } }) =>
            Stream.map(client.logs({ namespace: place.namespace, name }, { container, since, follow: true }), (line) =>
              toLine({ ...line, pod: name }, true)
            ),
          { concurrency: "unbounded" }
        )
      )
    })
  )

/** Pods whose container was not followed yet. A restarted container has another number of restarts. */
const unseen = (seen: Ref.Ref<ReadonlySet<string>>, pods: ReadonlyArray<PodObject>) =>
  Ref.modify(seen, (before) => {
    const started = pods.filter(({ status }) =>
      status.containerStatuses.some(({ state }) => state.running !== undefined)
    )
    const fresh = started.filter((pod) => !before.has(keyOf(pod)))
    return [fresh, new Set([...before, ...fresh.map(keyOf)])]
  })

const keyOf = ({ metadata, status }: PodObject): string =>
  `${metadata.uid ?? metadata.name}/${status.containerStatuses.map(({ restartCount }) => restartCount).join(".")}`
