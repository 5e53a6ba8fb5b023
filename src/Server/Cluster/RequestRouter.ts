/**
 * Answers the questions of workers in the primary, and asks the other workers where that is needed. A worker that does not
 * reply in time is left out, so that no caller waits long for a worker that hangs.
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ProcessMeter } from "../Run/Metrics/ProcessStats.js"
import type * as Protocol from "./Protocol.js"
import type { Entry, WorkerRegistry } from "./WorkerRegistry.js"

/** The milliseconds a worker has for its reply. */
export const replyMillis = 250

/** The milliseconds a worker has for the check of a signal. Without a reply the signal is stored, and checked at its wait. */
export const checkMillis = 2_000

/** Handles the messages of a worker that do not concern its start and end. */
export type RequestRouter = (from: Entry, message: Protocol.ToPrimary) => Effect.Effect<void>

/** Makes the router of a registry's workers. Its fibers live in the scope. */
export const make = (options: {
  readonly registry: WorkerRegistry
  readonly meter: Context.Tag.Service<ProcessMeter>
  /** Allocates the next block of run indexes. */
  readonly block: Effect.Effect<Protocol.Block>
}): Effect.Effect<RequestRouter, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope): RequestRouter => {
    const { block, meter, registry } = options
    const { put, take } = questions()
    const listening = () => registry.entries().filter(({ isListening }) => isListening)
    const putToAll = (entries: ReadonlyArray<Entry>, question: Protocol.Question, patience = replyMillis) =>
      Effect.forEach(entries, (entry) => put(entry, question, patience), { concurrency: "unbounded" })

    const freshReport = Effect.gen(function* () {
      const asked = listening()
      const replies = yield* putToAll(asked, { _tag: "Report" })
      replies.forEach((reply, index) => {
        const entry = asked[index]
        if (entry !== undefined && Option.isSome(reply) && reply.value._tag === "Report") {
          entry.report = reply.value.report
        }
      })
      return registry.report(yield* meter.read)
    })
    const answer = (from: Entry, ask: Protocol.Ask): Effect.Effect<Protocol.Answer> => {
      const others = listening().filter((entry) => entry !== from)
      switch (ask._tag) {
        case "Report":
          return Effect.map(freshReport, (report) => ({ _tag: "Report", report }))
        case "Flush":
          return Effect.as(putToAll(others, ask), { _tag: "Flush" })
        case "Find":
          return Effect.map(putToAll(others, ask), (replies) => ({ _tag: "Find", run: firstRun(replies) }))
        case "StoreSteps":
          return Effect.as(putToAll(others, ask), { _tag: "StoreSteps" })
        case "Cancel":
          return Effect.map(putToAll(others, ask), (replies) => ({ _tag: "Cancel", isFound: isAnyCancelled(replies) }))
        case "CheckSignal":
          return Effect.map(putToAll(others, ask, checkMillis), (replies) => ({
            _tag: "CheckSignal",
            issues: firstIssues(replies)
          }))
        case "Indexes":
          return Effect.map(block, (block) => ({ _tag: "Indexes", block }))
      }
    }
    return (from, message) => {
      switch (message._tag) {
        case "Changed":
          from.report = message.report
          return registry.announce()
        case "Reply":
          return take(message.id, message.reply)
        case "Ask":
          return answer(from, message.ask).pipe(
            Effect.flatMap((answer) => from.process.send({ _tag: "Answer", id: message.id, answer })),
            Effect.forkIn(scope),
            Effect.asVoid
          )
        default:
          return Effect.void
      }
    }
  })

// internal

/** The open questions to workers by number. */
const questions = () => {
  const waiting = new Map<number, Deferred.Deferred<Protocol.Reply>>()
  let asked = 0
  return {
    put: (to: Entry, question: Protocol.Question, patience: number): Effect.Effect<Option.Option<Protocol.Reply>> =>
      Effect.gen(function* () {
        const id = ++asked
        const reply = yield* Deferred.make<Protocol.Reply>()
        waiting.set(id, reply)
        return yield* to.process
          .send({ _tag: "Question", id, question })
          .pipe(
            Effect.zipRight(Deferred.await(reply)),
            Effect.timeoutOption(patience),
            Effect.ensuring(Effect.sync(() => waiting.delete(id)))
          )
      }),
    take: (id: number, reply: Protocol.Reply): Effect.Effect<void> => {
      const deferred = waiting.get(id)
      return deferred === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(deferred, reply))
    }
  }
}

const isAnyCancelled = (replies: ReadonlyArray<Option.Option<Protocol.Reply>>): boolean =>
  replies.some((reply) => Option.isSome(reply) && reply.value._tag === "Cancel" && reply.value.isFound)

const firstRun = (replies: ReadonlyArray<Option.Option<Protocol.Reply>>) => {
  for (const reply of replies) {
    if (Option.isSome(reply) && reply.value._tag === "Find" && reply.value.run !== undefined) return reply.value.run
  }
  return undefined
}

const firstIssues = (replies: ReadonlyArray<Option.Option<Protocol.Reply>>) => {
  for (const reply of replies) {
    if (Option.isSome(reply) && reply.value._tag === "CheckSignal" && reply.value.issues !== undefined) {
      return reply.value.issues
    }
  }
  return undefined
}
