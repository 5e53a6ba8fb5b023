/**
 * A batch of writes as rows for one statement, in which no row is written twice: a statement does not see its own writes, so
 * what a batch says of a row in several places is put together here.
 */

import type { JournalEntry, Run, RunWrite, StepRun } from "../RunStore.js"
import { idOf } from "../WebhookStore.js"
import { released } from "./DurableWrites.js"
import { stepsPerRun } from "./RunsSchema.js"
import { kindValue, latest, millis, optionalMillis, optionalText, text } from "./RunValues.js"

/** A value of a column. */
export type Value = string | number | boolean | null

/** The rows of a batch. */
export type Batch = ReturnType<typeof of>

/** Puts a batch together. Throws what `JSON.stringify` throws. */
export const of = (batch: ReadonlyArray<RunWrite>, generation: number) => {
  const runs = new Map<string, Run>()
  for (const run of latest(batch)) runs.set(run.id, run)
  const responses = new Map<string, string>()
  const releases = new Set<string>()
  const steps = new Map<string, StepRow>()
  const rows = emptyRows()
  for (const run of runs.values()) {
    for (const [number, step] of (run.steps ?? []).slice(0, stepsPerRun).entries()) {
      steps.set(`${run.id} ${number}`, stepRow(run.id, number, step))
    }
  }
  for (const write of batch) {
    if (write._tag === "Response") responses.set(write.runId, text(write.response))
    else if (write._tag === "Release") releases.add(write.runId)
    else if (write._tag === "Step") putStep(steps, runs.get(write.runId), write)
    else if (write._tag !== "Run") put(rows, write)
  }
  const all = [...steps.values()]
  const runRows = Array.from(runs.values(), (run) =>
    runRow(run, releases.has(run.id) ? released : generation, responses.get(run.id) ?? null)
  )
  return {
    runs: runRows,
    steps: all.filter(({ run_id }) => runs.has(run_id)),
    stepsAlone: all.filter(({ run_id }) => !runs.has(run_id)),
    responses: Array.from(responses, ([run_id, response]) => ({ run_id, response })),
    releases: Array.from(releases, (run_id) => ({ run_id })).filter(({ run_id }) => !runs.has(run_id)),
    ...rows,
    outputs: [...rows.outputs.values()],
    answers: [...rows.answers.values()],
    entries: [...rows.entries.values()],
    leases: Array.from(rows.leases.values(), (lease) => ({
      ...lease,
      next_token: releases.has(lease.run_id) ? lease.token + 1 : lease.token
    }))
  }
}

// internal

type Of<Tag extends RunWrite["_tag"]> = Extract<RunWrite, { readonly _tag: Tag }>

/** PostgreSQL has no character of number 0 in texts. JSON has it only as an escape, which stays. */
const plain = (text: string): string => (text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text)

const runRow = (run: Run, generation: number, response: string | null) => ({
  id: run.id,
  idx: run.index,
  generation,
  session: run.session === undefined ? null : plain(run.session),
  name: plain(run.name),
  status: run.status,
  cause: run.cause ?? null,
  parameters: text(run.parameters),
  outputs: optionalText(run.outputs),
  error: optionalText(run.error),
  response,
  started_at: millis(run.startedAt),
  finished_at: optionalMillis(run.finishedAt),
  execution_millis: run.executionTimeMillis ?? null
})

type StepRow = ReturnType<typeof stepRow>

const stepRow = (runId: string, number: number, step: StepRun) => ({
  run_id: runId,
  number,
  name: plain(step.name),
  status: step.status,
  attempts: step.attempts,
  outputs: optionalText(step.outputs),
  error: optionalText(step.error),
  started_at: millis(step.startedAt),
  finished_at: optionalMillis(step.finishedAt),
  execution_millis: step.executionTimeMillis ?? null,
  started_sequence: step.startedSequence ?? null,
  finished_sequence: step.finishedSequence ?? null
})

/** A step has no effect on a run that ended. */
const putStep = (steps: Map<string, StepRow>, run: Run | undefined, { position, runId, step }: Of<"Step">): void => {
  if (position >= stepsPerRun || (run !== undefined && run.status !== "queued" && run.status !== "running")) return
  steps.set(`${runId} ${position}`, stepRow(runId, position, step))
}

const messageRow = ({ at, data, kind, runId, sequence }: Of<"Message">) => ({
  run_id: runId,
  sequence,
  at: Math.trunc(at),
  data: text(data),
  kind: kindValue(kind)
})

const lineRow = ({ at, data, level, runId, sequence }: Of<"Log">) => ({
  run_id: runId,
  sequence,
  at: Math.trunc(at),
  level,
  data: text(data)
})

const outputRow = ({ expiresAt, key, output, runId, step }: Of<"CacheOutput">) => ({
  cache_key: key,
  run_id: runId,
  step: plain(step),
  output: text(output),
  expires_at: expiresAt ?? null
})

const deliveryRow = ({ runId, url, webhook }: Of<"Delivery">) => ({
  id: idOf(runId, webhook),
  run_id: runId,
  webhook,
  url: url ?? null,
  state: "pending",
  attempts: 0,
  token: 0,
  due_at: 0
})

const entryRow = (runId: string, entry: JournalEntry) => ({
  run_id: runId,
  ordinal: entry.ordinal,
  parent: entry.parent,
  kind: entry.kind,
  name: plain(entry.name),
  number: entry.number,
  sequential: entry.isSequential ? 1 : 0,
  digest: entry.digest,
  result: entry.result ?? null,
  failures: entry.failures,
  position: entry.position ?? null,
  value: optionalText(entry.value)
})

interface LeaseRow {
  readonly run_id: string
  readonly token: number
  readonly request: string | null
  readonly is_progress: boolean
}

type Rows = ReturnType<typeof emptyRows>

const emptyRows = () => ({
  messages: [] as ReturnType<typeof messageRow>[],
  lines: [] as ReturnType<typeof lineRow>[],
  inputs: [] as { readonly run_id: string; readonly step: string; readonly input_digest: string }[],
  hits: [] as {
    readonly run_id: string
    readonly step: string
    readonly from_run: string
    readonly from_step: string
  }[],
  artifacts: [] as {
    readonly run_id: string
    readonly step: string
    readonly digest: string
    readonly bytes: number
  }[],
  deliveries: [] as ReturnType<typeof deliveryRow>[],
  outputs: new Map<string, ReturnType<typeof outputRow>>(),
  answers: new Map<
    string,
    {
      readonly key: string
      readonly run_id: string
      readonly status: number
      readonly body: string
      readonly headers: string | null
    }
  >(),
  entries: new Map<string, ReturnType<typeof entryRow>>(),
  leases: new Map<string, LeaseRow>()
})

const put = (rows: Rows, write: Exclude<RunWrite, Of<"Run" | "Step" | "Response" | "Release">>): void => {
  switch (write._tag) {
    case "Message":
      rows.messages.push(messageRow(write))
      return
    case "Log":
      rows.lines.push(lineRow(write))
      return
    case "Input":
      rows.inputs.push({ run_id: write.runId, step: plain(write.step), input_digest: write.digest })
      return
    case "CacheHit": {
      const from = { from_run: write.from.runId, from_step: plain(write.from.step) }
      rows.hits.push({ run_id: write.runId, step: plain(write.step), ...from })
      return
    }
    case "Artifact":
      rows.artifacts.push({ run_id: write.runId, step: plain(write.step), ...write.artifact })
      return
    case "Delivery":
      rows.deliveries.push(deliveryRow(write))
      return
    case "CacheOutput":
      rows.outputs.set(write.key, outputRow(write))
      return
    case "Answer": {
      const { body, headers, key, runId, status } = write
      rows.answers.set(`${key} ${runId}`, { key, run_id: runId, status, body, headers: optionalText(headers) })
      return
    }
    case "Entry":
      rows.entries.set(`${write.runId} ${write.entry.ordinal}`, entryRow(write.runId, write.entry))
      return
    case "Lease":
      putLease(rows.leases, write)
  }
}

/** All leases of a run in a batch have one token: another process that takes the run writes in batches of its own. */
const putLease = (leases: Map<string, LeaseRow>, { isProgress, request, runId, token }: Of<"Lease">): void => {
  const before = leases.get(runId)
  leases.set(runId, {
    run_id: runId,
    token,
    request: before?.request ?? request ?? null,
    is_progress: before?.is_progress === true || isProgress === true
  })
}
