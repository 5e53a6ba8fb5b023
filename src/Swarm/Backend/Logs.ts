/** The log of a generation: the lines of its tasks on all nodes. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { LogLine } from "../../Deployment.js"
import { type ContainerLogLine, DockerClient, type Service, type TaskLogLine } from "../../Docker/DockerClient.js"
import { DeploymentLogsNotFound } from "../../Errors/Lifecycle.js"
import type { LogsOptions } from "../../Flavor/Backend.js"
import type { Instance } from "../../Flavor/Instance.js"
import { toUnavailable } from "../EngineErrors.js"
import { findService, isOf, tasksOf } from "./Lookup.js"

/** The log of a generation, merged by time; lines of several tasks begin with the number of their task. */
export const logs = (instance: Instance, options: LogsOptions) =>
  Effect.gen(function* () {
    const found = yield* Effect.mapError(findService(instance), toUnavailable(operation))
    const tasks = Option.isNone(found)
      ? []
      : (yield* Effect.mapError(tasksOf(found.value), toUnavailable(operation))).filter(isOf(instance.generation))
    if (Option.isNone(found) || tasks.length === 0) return yield* noLogs(instance)
    return options.follow === true
      ? yield* following(instance, found.value, options)
      : yield* upToNow(tasks.toReversed(), options)
  })

// internal

const operation = "read a log"

const upToNow = (tasks: ReadonlyArray<{ readonly id: string; readonly slot: number }>, options: LogsOptions) =>
  Effect.gen(function* () {
    const client = yield* DockerClient
    const several = new Set(tasks.map(({ slot }) => slot)).size > 1
    const { since, tail } = options
    const read = Effect.forEach(
      tasks,
      ({ id, slot }) =>
        Effect.map(Stream.runCollect(client.tasks.logs(id, { since, tail })), (lines) =>
          Chunk.toReadonlyArray(
            Chunk.map(lines, (line) => toLine(several ? { ...line, text: `${slot}| ${line.text}` } : line))
          )
        ),
      { concurrency: 4 }
    )
    const merged = Effect.map(read, (all) => {
      const lines = all.flat().sort((one, other) => millisOf(one) - millisOf(other))
      return tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail))
    })
    return Stream.mapError(Stream.fromIterableEffect(merged), toUnavailable(operation))
  })

/** The service is followed, because tasks come and go. A line of a task that is not known yet has it looked up. */
const following = (instance: Instance, service: Service, { since, tail }: LogsOptions) =>
  Effect.gen(function* () {
    const client = yield* DockerClient
    const known = yield* Ref.make<ReadonlyMap<string, string>>(new Map())
    const slotOf = (taskId: string) =>
      Effect.gen(function* () {
        const before = (yield* Ref.get(known)).get(taskId)
        if (before !== undefined) return before
        const mine = (yield* client.tasks.list(service.id)).filter(isOf(instance.generation))
        const now = new Map(mine.map(({ id, slot }) => [id, String(slot)]))
        yield* Ref.set(known, now)
        return now.get(taskId)
      })
    const several = (service.replicas ?? 1) > 1
    return client.services.logs(service.id, { since, tail, follow: true }).pipe(
      Stream.mapEffect((line: TaskLogLine) => Effect.map(slotOf(line.taskId), (slot) => ({ line, slot }))),
      Stream.filter(({ slot }) => slot !== undefined),
      Stream.map(({ line, slot }) => toLine(several ? { ...line, text: `${slot}| ${line.text}` } : line)),
      Stream.mapError((error) =>
        error._tag === "ServiceNotFound" ? noLogs(instance) : toUnavailable(operation)(error)
      )
    )
  })

const noLogs = ({ generation, name }: Instance): DeploymentLogsNotFound =>
  new DeploymentLogsNotFound({ name, reason: `the swarm has no task of generation ${generation}; its log was removed` })

const millisOf = ({ at }: LogLine): number => at?.epochMillis ?? 0

// A log has very many lines, and every field is known to be valid.
const toLine = ({ at, text }: Pick<ContainerLogLine, "at" | "text">): LogLine =>
  new LogLine({ text, ...(at === undefined ? {} : { at }) }, { disableValidation: true })
