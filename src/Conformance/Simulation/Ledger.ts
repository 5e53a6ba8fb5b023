/** The notes of an observer beside the controllers about their actual changes. */
import type { Deployment, Status } from "../../Deployment.js"
import { type Law, Violation } from "./Laws.js"

/**
 * A lease as it was given out.
 *
 * @category models
 * @since 0.1.0
 */
export interface HeldLease {
  readonly token: number
  readonly process: string
  /** The end by the registry's clock, in milliseconds since the epoch. */
  expiresAt: number
}

/**
 * The observer's notes.
 *
 * @category models
 * @since 0.1.0
 */
export class Ledger {
  readonly violations: Array<Violation> = []
  readonly leases = new Map<string, HeldLease>()
  /** Accepted generations by deployment, whether or not the acceptance was heard of. */
  readonly committed = new Map<string, number>()
  readonly statuses = new Map<string, Status>()
  /** The engine's last answer to each controller about an instance. */
  readonly seen = new Map<string, Status>()
  /** Pairs of a controller and a deployment whose lease the controller knows to be lost. */
  readonly told = new Set<string>()
  /** Changes of the engine made without a lease, by controller and deployment, since it was lost. */
  readonly trespasses = new Map<string, number>()
  /** The changes of registry and engine, in order, each with its process. */
  readonly log: Array<string> = []
  /** The events so far, which show that a batch has tried everything. */
  readonly happened = new Map<string, number>()
  private readonly highest = new Map<string, number>()
  private readonly tokens = new Map<string, number>()

  /** Writes down that a law was broken, and how. */
  break(law: Law, detail: string): void {
    this.violations.push(new Violation({ law, detail }))
  }

  /** Counts that something happened. */
  note(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1)
  }

  /** A lease was given out; its token must be higher than all before. */
  granted(deploymentId: string, lease: HeldLease): void {
    const before = this.tokens.get(deploymentId) ?? 0
    if (lease.token < before) this.break("I8", `lease token ${lease.token} was given out after ${before}`)
    this.tokens.set(deploymentId, Math.max(before, lease.token))
    this.leases.set(deploymentId, lease)
  }

  /** A generation was begun; its number must be higher than all before. */
  begun(deploymentId: string, generation: number): void {
    const before = this.highest.get(deploymentId) ?? 0
    if (generation <= before) this.break("I8", `generation ${generation} started after ${before}`)
    this.highest.set(deploymentId, Math.max(before, generation))
  }

  /** True if the process has the last lease on a deployment. */
  isCurrent(deploymentId: string, process: string): boolean {
    return this.leases.get(deploymentId)?.process === process
  }

  /** A deployment was written with a status, which must be one that can follow the one before. */
  became({ id, status }: Deployment, canFollow: (from: Status, to: Status) => boolean): void {
    const before = this.statuses.get(id)
    if (before !== undefined && !canFollow(before, status)) this.break("I8", `status ${status} followed ${before}`)
    this.statuses.set(id, status)
  }
}
