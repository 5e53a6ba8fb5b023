import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { DeploymentId, DeploymentName } from "../Deployment.js"
import type { DeploymentBusy, LeaseLost } from "../Errors/Lifecycle.js"
import type { StoreError } from "../Errors/Stores.js"
import { raceWithGuard } from "../Internal/RaceWithGuard.js"
import { DeploymentStore, type Lease } from "../Store/DeploymentStore.js"
import { Holder } from "./Holder.js"

const ttl = Duration.seconds(15)
const beats = Schedule.spaced("5 seconds")
const patience = Duration.seconds(20)

/** Guards the changes of deployments. */
export interface Leases {
  /**
   * Runs an effect while holding the lease of a deployment. Waits for another holder as long as a dead one's lease
   * could last, takes the lease of a holder known to be dead at once, and interrupts the effect if the lease is lost.
   */
  readonly hold: <A, E, R>(
    deployment: { readonly id: DeploymentId; readonly name: DeploymentName },
    use: (lease: Lease) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | DeploymentBusy | LeaseLost | StoreError, R>
  /** The same, but gives up at once when somebody alive holds the lease. */
  readonly holdNow: Leases["hold"]
  /**
   * Runs an effect that touches the engine, right after making sure that the lease is still ours. A holder that was frozen
   * and wakes up later than its lease lasted finds out here, before it acts.
   */
  readonly fenced: (
    lease: Lease
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LeaseLost | StoreError, R>
  /** `user@host`, for the record of who changed what. */
  readonly actor: string
  /** Whether a holder is known to be dead. */
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
        Effect.acquireUseRelease(
          Effect.suspend(() => take(deployment, `${holder.process}/${deployer}#${++count}`)).pipe(
            Effect.retry({ schedule: waiting, while: (error) => error._tag === "DeploymentBusy" }),
            Effect.interruptible
          ),
          (lease) => raceWithGuard(use(lease), keep(lease)),
          (lease) => Effect.ignoreLogged(store.release(lease))
        )

    return {
      actor: holder.actor,
      isDead: holder.isDead,
      fenced: (lease) => (effect) => Effect.zipRight(store.renew(lease, ttl), effect),
      hold: holdWith(Schedule.spaced("200 millis").pipe(Schedule.upTo(patience))),
      holdNow: holdWith(Schedule.recurs(0))
    }
  })
