import * as Os from "node:os"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { DeploymentId, DeploymentName } from "../Deployment.js"
import type { DeploymentBusy, LeaseLost } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import { raceWithGuard } from "../Internal/RaceWithGuard.js"
import { DeploymentStore, type Lease } from "../Store/DeploymentStore.js"

const ttl = Duration.seconds(15)
const beats = Schedule.spaced("5 seconds")
const patience = Duration.seconds(20)

/** Guards the changes of deployments. */
export interface Leases {
  /**
   * Runs an effect while holding the lease of a deployment. Waits for another holder as long as the lease of a dead one can
   * last, takes the lease of a holder known to be dead at once, and interrupts the effect if the lease is lost. The effect
   * can be interrupted by its own deadlines also when the caller is uninterruptible.
   */
  readonly hold: <A, E, R>(
    deployment: { readonly id: DeploymentId; readonly name: DeploymentName },
    use: (lease: Lease) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | DeploymentBusy | LeaseLost | StoreError, R>
  /** The same, but fails at once when another living process holds the lease. */
  readonly holdNow: Leases["hold"]
  /**
   * Runs an effect that touches the engine, right after a check that the lease is still held. A process that was frozen for
   * longer than its lease lasts fails here, before it acts.
   */
  readonly fenced: (
    lease: Lease
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LeaseLost | StoreError, R>
  /** `user@host`, the author of changes in the registry. */
  readonly actor: string
  /** True if a holder is known to be dead. */
  readonly isDead: (holder: string) => Effect.Effect<boolean>
}

export const make = (deployer: string): Effect.Effect<Leases, never, DeploymentStore> =>
  Effect.gen(function* () {
    const store = yield* DeploymentStore
    const holder = yield* Holder

    const take = (deployment: { readonly id: DeploymentId; readonly name: DeploymentName }, label: string) => {
      const request = { name: deployment.name, holder: label, ttl }
      return store
        .acquire(deployment.id, request)
        .pipe(
          Effect.catchTag("DeploymentBusy", (busy) =>
            Effect.flatMap(holder.isDead(busy.holder), (dead) =>
              dead ? store.acquire(deployment.id, { ...request, takeOverFrom: busy.holder }) : Effect.fail(busy)
            )
          )
        )
    }

    const keep = (lease: Lease) => Effect.zipRight(Effect.repeat(store.renew(lease, ttl), beats), Effect.never)

    let count = 0
    const holdWith =
      (waiting: Schedule.Schedule<unknown>): Leases["hold"] =>
      (deployment, use) =>
        Effect.uninterruptibleMask((restore) => {
          const taken = Effect.suspend(() => take(deployment, `${holder.process}/${deployer}#${++count}`)).pipe(
            Effect.retry({ schedule: waiting, while: (error) => error._tag === "DeploymentBusy" })
          )
          return Effect.flatMap(restore(taken), (lease) =>
            Effect.ensuring(restore(raceWithGuard(use(lease), keep(lease))), Effect.ignoreLogged(store.release(lease)))
          )
        })

    return {
      actor: holder.actor,
      isDead: holder.isDead,
      fenced: (lease) => (effect) => Effect.zipRight(store.renew(lease, ttl), effect),
      hold: holdWith(Schedule.spaced("200 millis").pipe(Schedule.upTo(patience))),
      holdNow: holdWith(Schedule.recurs(0))
    }
  })

/** The holder of leases: this process. The name lets other processes of the host check whether it is alive. */
export interface HolderService {
  /** `host:pid`, the prefix of the names of this process's lease holders. */
  readonly process: string
  /** `user@host`, the author of changes in the registry. */
  readonly actor: string
  /** True if a holder is known to be dead. A holder on another host never is. */
  readonly isDead: (holder: string) => Effect.Effect<boolean>
}

const isMissing = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
}

const host = Os.hostname()

/** A user without an entry in the user database has a number only. */
const userName = (): string => {
  try {
    return Os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? "unknown")
  }
}

/** The holder of leases in this process. It has a default that asks the operating system. */
export class Holder extends Context.Reference<Holder>()("effect-deployers/Deployer/Holder", {
  defaultValue: (): HolderService => ({
    process: `${host}:${process.pid}`,
    actor: `${userName()}@${host}`,
    isDead: (holder) =>
      Effect.sync(() => {
        const match = /^(.*):(\d+)\//.exec(holder)
        return match !== null && match[1] === host && isMissing(Number(match[2]))
      })
  })
}) {}
