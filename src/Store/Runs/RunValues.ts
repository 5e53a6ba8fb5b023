/** Runs as values of columns, for every writer of a run store. */
import * as DateTime from "effect/DateTime"
import type { PublishedKind } from "../../Contract/RunEvent.js"
import { textOf } from "../../Internal/EncodedJson.js"
import type { Run, RunWrite } from "../RunStore.js"

/** The JSON text of a value. Throws what `JSON.stringify` throws. */
export const text = (value: unknown): string => textOf(value) ?? "null"

export const optionalText = (value: unknown): string | null => (value === undefined ? null : text(value))

/** A message has no kind: every event of an earlier version is one. */
export const kindValue = (kind: PublishedKind | undefined): string | null => (kind === "element" ? kind : null)

export const millis = (time: DateTime.Utc): number => Math.trunc(DateTime.toEpochMillis(time))

export const optionalMillis = (time: DateTime.Utc | undefined): number | null =>
  time === undefined ? null : millis(time)

/** New runs of a batch by status, and their highest index. */
export class Added {
  readonly byStatus = new Map<Run["status"], number>()
  lastIndex = 0

  add({ index, status }: Run): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1)
    if (index > this.lastIndex) this.lastIndex = index
  }
}

/** The runs of a batch. The last write of each run counts, up to the first that ended it. */
export const latest = (batch: ReadonlyArray<RunWrite>): Iterable<Run> => {
  const runs = new Map<string, Run>()
  for (const write of batch) {
    if (write._tag !== "Run") continue
    const before = runs.get(write.run.id)
    if (before === undefined || !hasEnded(before)) runs.set(write.run.id, write.run)
  }
  return runs.values()
}

// internal

const hasEnded = (run: Run): boolean => run.status !== "queued" && run.status !== "running"
