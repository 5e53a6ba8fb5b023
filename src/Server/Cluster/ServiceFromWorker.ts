/** The service seen from one of its workers: the worker asks its primary, and reports its own changes to it. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { alone, Service, ThisProcess } from "../Run/Service.js"
import type * as Protocol from "./Protocol.js"
import { WorkerChannel } from "./WorkerChannel.js"

/**
 * A service of several workers, seen from one of them.
 *
 * **Details**
 *
 * A worker reports its changes every 100 ms. The counts of the last 100 ms are lost if it is killed. A worker whose
 * primary does not answer in time answers for itself alone.
 */
export const layer: Layer.Layer<Service, never, WorkerChannel | ThisProcess> = Layer.scoped(
  Service,
  Effect.gen(function* () {
    const link = yield* WorkerChannel
    const local = yield* ThisProcess
    const ask = (question: Protocol.Ask) => Effect.timeoutOption(link.ask(question), patience)

    const respond = Effect.flatMap(link.questions.take, ({ id, question }) =>
      Effect.fork(Effect.flatMap(reply(local, question), (reply) => link.send({ _tag: "Reply", id, reply })))
    )
    yield* Effect.forkScoped(Effect.forever(respond))
    const tell = reportChanges(link, local)
    yield* Effect.forkScoped(Effect.repeat(tell, Schedule.spaced("100 millis")))
    yield* Effect.addFinalizer(() => tell)

    return {
      condition: () => link.condition() ?? local.condition(),
      report: Effect.flatMap(ask({ _tag: "Report" }), (answer) =>
        Option.isSome(answer) && answer.value._tag === "Report"
          ? Effect.succeed(answer.value.report)
          : Effect.map(local.report, alone)
      ),
      flush: Effect.zipRight(ask({ _tag: "Flush" }), local.flush),
      findElsewhere: (runId) =>
        Effect.map(ask({ _tag: "Find", runId }), (answer) =>
          Option.isSome(answer) && answer.value._tag === "Find" ? answer.value.run : undefined
        ),
      storeSteps: (runId) => Effect.asVoid(ask({ _tag: "StoreSteps", runId })),
      cancel: (runId) =>
        Effect.suspend(() =>
          local.cancel(runId)
            ? Effect.succeed(true)
            : Effect.map(
                ask({ _tag: "Cancel", runId }),
                (answer) => Option.isSome(answer) && answer.value._tag === "Cancel" && answer.value.isFound
              )
        ),
      checkSignal: (signal) =>
        Effect.flatMap(local.checkSignal(signal), (issues) =>
          issues !== undefined
            ? Effect.succeed(issues)
            : Effect.map(ask({ _tag: "CheckSignal", ...signal }), (answer) =>
                Option.isSome(answer) && answer.value._tag === "CheckSignal" ? (answer.value.issues ?? []) : []
              )
        )
    }
  })
)

// internal

/** The time the primary has for its answer, longer than it waits for other workers. */
const patience = "3 seconds"

type LocalService = Context.Tag.Service<ThisProcess>

const reply = (local: LocalService, question: Protocol.Question): Effect.Effect<Protocol.Reply> => {
  switch (question._tag) {
    case "Report":
      return Effect.map(local.report, (report) => ({ _tag: "Report", report }))
    case "Flush":
      return Effect.as(local.flush, { _tag: "Flush" })
    case "Find":
      return Effect.sync(() => ({ _tag: "Find", run: local.find(question.runId) }))
    case "StoreSteps":
      return Effect.sync(() => {
        local.storeSteps(question.runId)
        return { _tag: "StoreSteps" }
      })
    case "Cancel":
      return Effect.sync(() => ({ _tag: "Cancel", isFound: local.cancel(question.runId) }))
    case "CheckSignal":
      return Effect.map(local.checkSignal(question), (issues) => ({ _tag: "CheckSignal", issues }))
  }
}

const reportChanges = (link: Context.Tag.Service<WorkerChannel>, local: LocalService): Effect.Effect<void> => {
  let told = ""
  return Effect.suspend(() => {
    const version = local.version()
    if (version === told) return Effect.void
    told = version
    return Effect.flatMap(local.glance, (report) => link.send({ _tag: "Changed", report }))
  })
}
