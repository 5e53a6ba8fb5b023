/**
 * The operations of a run in their order: those that earlier processes recorded, which are matched with the calls of this
 * process, and the new ones.
 *
 * The calls of one fiber always come in the same order, so each has to be the recorded one. Calls of other fibers, such as
 * those of parallel branches, may come in any order: they are matched by name and input.
 */
import type { RunDiverged } from "../../../Contract/Errors.js"
import type { JournalEntry } from "../../../Store/RunStore.js"
import { diverged } from "./Divergence.js"

/** An operation that starts. */
export type Operation = Pick<JournalEntry, "parent" | "kind" | "name" | "isSequential" | "digest">

/** The entry of an operation: it ended in an earlier process, it executes now, or the code differs from the record. */
export type Started =
  | { readonly _tag: "Ended"; readonly entry: JournalEntry }
  | { readonly _tag: "Executes"; readonly entry: JournalEntry; readonly isNew: boolean }
  | { readonly _tag: "Diverged"; readonly error: RunDiverged }

export class Journal {
  readonly #scopes = new Map<number, Scope>()
  #ordinal = 0
  #divergence: RunDiverged | undefined

  constructor(
    readonly runId: string,
    recorded: ReadonlyArray<JournalEntry>
  ) {
    for (const entry of recorded) {
      this.#ordinal = Math.max(this.#ordinal, entry.ordinal)
      put(this.#scope(entry.parent), entry)
    }
  }

  /** The entry of an operation that starts. After a divergence every further operation diverges. */
  start(operation: Operation): Started {
    if (this.#divergence !== undefined) return { _tag: "Diverged", error: this.#divergence }
    const scope = this.#scope(operation.parent)
    const found = operation.isSequential ? scope.sequence[scope.next] : scope.parallel.get(keyOf(operation))?.shift()
    if (found === undefined) return { _tag: "Executes", entry: this.#add(scope, operation), isNew: true }
    if (operation.isSequential) scope.next++
    if (keyOf(found) !== keyOf(operation)) return this.#diverge(found, operation)
    return found.result === undefined
      ? { _tag: "Executes", entry: found, isNew: false }
      : { _tag: "Ended", entry: found }
  }

  /** Records a divergence that was found elsewhere. */
  fail(error: RunDiverged): void {
    this.#divergence ??= error
  }

  /** The divergence of a run whose program has ended: the one that was found, or an operation that it left out. */
  atEnd(): RunDiverged | undefined {
    const { next, sequence } = this.#scope(0)
    const left = sequence.slice(next).find(({ result }) => result !== undefined)
    if (left !== undefined) this.fail(diverged(this.runId, left, "end"))
    return this.#divergence
  }

  #diverge(found: JournalEntry, { kind, name }: Operation): Started {
    const isSame = found.kind === kind && found.name === name
    const error = diverged(this.runId, found, isSame ? "input" : "operation", isSame ? undefined : name)
    this.fail(error)
    return { _tag: "Diverged", error }
  }

  #add(scope: Scope, operation: Operation): JournalEntry {
    const number = (scope.counts.get(operation.name) ?? 0) + 1
    scope.counts.set(operation.name, number)
    return { ...operation, ordinal: ++this.#ordinal, number, failures: 0 }
  }

  #scope(parent: number): Scope {
    const known = this.#scopes.get(parent)
    if (known !== undefined) return known
    const scope: Scope = { sequence: [], next: 0, parallel: new Map(), counts: new Map() }
    this.#scopes.set(parent, scope)
    return scope
  }
}

/**
 * The entries that a retry of a run takes from it: the results of the pipeline's own operations before the first one that
 * failed or did not end.
 */
export const beforeFailure = (journal: ReadonlyArray<JournalEntry>): ReadonlyArray<JournalEntry> => {
  const own = journal.filter(({ parent }) => parent === 0)
  const failed = own.find(({ isSequential, result }) => isSequential && result !== "value")
  return own.filter(
    ({ isSequential, ordinal, result }) =>
      result === "value" && !(isSequential && failed !== undefined && ordinal > failed.ordinal)
  )
}

// internal

/** The operations of the pipeline, or those inside one step. */
interface Scope {
  /** Recorded operations of its own fiber. */
  readonly sequence: Array<JournalEntry>
  next: number
  /** Recorded operations of other fibers that were not called yet. */
  readonly parallel: Map<string, Array<JournalEntry>>
  /** The highest number of each name. */
  readonly counts: Map<string, number>
}

const keyOf = ({ digest, kind, name }: Pick<JournalEntry, "kind" | "name" | "digest">): string =>
  `${kind} ${digest} ${name}`

const put = ({ counts, parallel, sequence }: Scope, entry: JournalEntry): void => {
  counts.set(entry.name, Math.max(counts.get(entry.name) ?? 0, entry.number))
  if (entry.isSequential) return void sequence.push(entry)
  const key = keyOf(entry)
  const same = parallel.get(key)
  if (same === undefined) parallel.set(key, [entry])
  else same.push(entry)
}
