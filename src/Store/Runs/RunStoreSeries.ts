/**
 * The run store of a served deployment, which outlives damage of its file: a damaged file stays as it is, and a new one beside
 * it takes the new runs. Reading goes through all of them. The states of sessions are those of the newest file.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ParseResult from "effect/ParseResult"
import * as Scope from "effect/Scope"
import type { StoreError } from "../../Errors/Stores.js"
import { RunStore } from "../RunStore.js"
import * as Runs from "../Runs.js"
import * as RunSeriesReads from "./RunSeriesReads.js"

/** A file of the series; the first one has the number 1 and the path of the series. */
interface Member extends RunSeriesReads.Member {
  readonly number: number
  readonly store: RunStore["Type"]
}

/** Options of a series. */
export type Options = Runs.FileOptions

/**
 * The run store at a path. A file that is damaged when the layer opens it, or when a write finds the damage, is left as it is:
 * the series goes on in `PATH.2`, `PATH.3` and so on. Every process of the deployment finds the newest file within seconds.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (path: string, options: Options = {}): Layer.Layer<RunStore, StoreError> =>
  Layer.scoped(RunStore, make(path, options))

/** True if the content of a file is damaged; a row that a newer version wrote is no damage. */
export const isDamage = ({ cause, reason }: StoreError): boolean =>
  damages.has(reason) && !ParseResult.isParseError(cause)

// internal

const damages: ReadonlySet<StoreError["reason"]> = new Set(["corrupt", "notADatabase", "empty"])

const make = (path: string, options: Options): Effect.Effect<RunStore["Type"], StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const turn = yield* Effect.makeSemaphore(1)
    const open = (number: number) => openFile(scope, path, number, options)
    const first = newestOf(path)
    let current = yield* Effect.catchIf(open(first), isDamage, (damage) => openAfter(path, first, damage, open))
    let earlier: ReadonlyArray<RunSeriesReads.Member> = RunSeriesReads.earlier(
      numbersBelow(current.number).map((number) => fileOf(path, number)),
      scope
    )
    const moveOn = (from: Member, next: Effect.Effect<Member, StoreError>) =>
      turn.withPermits(1)(
        Effect.suspend(() =>
          current === from
            ? Effect.map(next, (member) => {
                earlier = [from, ...earlier]
                current = member
              })
            : Effect.void
        )
      )
    const written = <A>(
      write: (store: RunStore["Type"]) => Effect.Effect<A, StoreError>
    ): Effect.Effect<A, StoreError> =>
      Effect.suspend(() => {
        const member = current
        return Effect.catchIf(write(member.store), isDamage, (damage) =>
          Effect.zipRight(
            moveOn(member, openAfter(path, member.number, damage, open)),
            Effect.suspend(() => write(current.store))
          )
        )
      })
    /** Another process may have found damage. */
    const followOthers = Effect.suspend(() => {
      const newest = newestOf(path)
      return newest > current.number ? moveOn(current, open(newest)) : Effect.void
    })
    const members = () => [current, ...earlier]
    return {
      ...RunSeriesReads.make(members),
      commit: (batch) => written((store) => store.commit(batch)),
      claim: (claim) =>
        Effect.flatMap(RunSeriesReads.claimedEarlier(earlier, claim.key), (known) =>
          known._tag === "Some" ? Effect.succeed(known) : written((store) => store.claim(claim))
        ),
      release: (claim) => written((store) => store.release(claim)),
      cancel: (id) => written((store) => store.cancel(id)),
      cancelled: Effect.suspend(() => current.store.cancelled),
      prune: (options) => written((store) => store.prune(options)),
      cachedStep: (key) => written((store) => store.cachedStep(key)),
      artifacts: {
        hold: (digest) => written(({ artifacts }) => artifacts.hold(digest)),
        sweep: (remove) => Effect.suspend(() => current.store.artifacts.sweep(remove))
      },
      schedules: {
        register: (schedule) => written(({ schedules }) => schedules.register(schedule)),
        find: (names) => written(({ schedules }) => schedules.find(names)),
        claim: (options) => written(({ schedules }) => schedules.claim(options)),
        fire: (claim) => written(({ schedules }) => schedules.fire(claim)),
        started: (claim) => written(({ schedules }) => schedules.started(claim)),
        reclaim: (options) => written(({ schedules }) => schedules.reclaim(options)),
        pause: (name, options) => written(({ schedules }) => schedules.pause(name, options))
      },
      sessions: {
        read: (session, name) => written(({ sessions }) => sessions.read(session, name)),
        write: (state) => written(({ sessions }) => sessions.write(state)),
        remove: (session, name) => written(({ sessions }) => sessions.remove(session, name)),
        list: (options) => written(({ sessions }) => sessions.list(options)),
        find: (session) => written(({ sessions }) => sessions.find(session)),
        delete: (session) => written(({ sessions }) => sessions.delete(session)),
        expire: written(({ sessions }) => sessions.expire)
      },
      webhooks: {
        claim: (options) => written(({ webhooks }) => webhooks.claim(options)),
        settle: (claim, result) => written(({ webhooks }) => webhooks.settle(claim, result)),
        list: (options) => written(({ webhooks }) => webhooks.list(options)),
        retry: (id) => written(({ webhooks }) => webhooks.retry(id))
      },
      lastIndex: Effect.zipWith(
        written((store) => store.lastIndex),
        Effect.suspend(() => RunSeriesReads.lastIndexOf(earlier)),
        Math.max
      ),
      markLost: written((store) => store.markLost),
      alive: Effect.zipRight(
        followOthers,
        written((store) => store.alive)
      ),
      orphan: written((store) => store.orphan),
      take: (limit) => written((store) => store.take(limit)),
      abandon: (options) => written((store) => store.abandon(options)),
      journal: (runId) => Effect.suspend(() => current.store.journal(runId)),
      signal: (signal) => written((store) => store.signal(signal)),
      nextSignal: (options) => Effect.suspend(() => current.store.nextSignal(options)),
      signalled: (after) => Effect.suspend(() => current.store.signalled(after))
    }
  })

const fileOf = (path: string, number: number): string => (number === 1 ? path : `${path}.${number}`)

const numbersBelow = (number: number): ReadonlyArray<number> =>
  Array.from({ length: number - 1 }, (_, index) => number - 1 - index)

/** The number of the newest file; 1 if there is none, or if the folder cannot be read. */
const newestOf = (path: string): number => {
  try {
    const start = `${Path.basename(path)}.`
    const numbers = Fs.readdirSync(Path.dirname(path))
      .filter((name) => name.startsWith(start) && /^[1-9]\d{0,5}$/.test(name.slice(start.length)))
      .map((name) => Number(name.slice(start.length)))
    return Math.max(1, ...numbers)
  } catch {
    return 1
  }
}

/** A file stays open until the series closes, because a caller may read it. */
const openFile = (
  scope: Scope.Scope,
  path: string,
  number: number,
  options: Options
): Effect.Effect<Member, StoreError> =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const file = fileOf(path, number)
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const context = yield* Effect.onError(Layer.buildWithScope(Runs.layerFile(file, options), own), (cause) =>
        Scope.close(own, Exit.failCause(cause))
      )
      const store = Context.get(context, RunStore)
      return { number, path: file, store, read: Effect.succeedSome(store), isPast: false }
    })
  )

/** Opens the file after a damaged one, or the first whole one that follows it. */
const openAfter = (
  path: string,
  number: number,
  damage: StoreError,
  open: (number: number) => Effect.Effect<Member, StoreError>
): Effect.Effect<Member, StoreError> => {
  const next = Math.max(newestOf(path), number + 1)
  return Effect.catchIf(open(next), isDamage, (again) => openAfter(path, next, again, open)).pipe(
    Effect.tap((member) =>
      Effect.logError(
        `The run store ${fileOf(path, number)} is damaged (${damage.reason} in "${damage.operation}"). It stays as it is, and ${member.path} takes the new runs. Restore the damaged file from a backup, or remove it to give its runs up, then start the service again.`
      )
    )
  )
}
