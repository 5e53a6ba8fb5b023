/** Values the store suites are made of. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Deployment, DeploymentId, DeploymentName, OperationalState } from "../../Deployment.js"
import type { Draft } from "../../Snapshot/Model.js"
import { PipelineSpec } from "../../Snapshot/Spec.js"
import { DeploymentStore } from "../../Store/DeploymentStore.js"
import type { Run, RunSummary, RunWrite, StepRun } from "../../Store/RunStore.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"

/** A UUIDv7 that sorts by its number. */
export const id = (n: number): string => `01900000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`
/** The same as the id of a deployment. */
export const deploymentId = (n: number): DeploymentId => Schema.decodeSync(DeploymentId)(id(n))
/** A deployment's name. */
export const named = (name: string): Deployment["name"] => Schema.decodeSync(DeploymentName)(name)

/** A draft whose content differs by the digest of its bundle. */
export const draft = (pipelineName: string, digest = "a".repeat(64)): Draft => ({
  pipelineName,
  spec: new PipelineSpec({ name: pipelineName, input: { type: "object" }, output: { type: "object" }, serving: {} }),
  settings: { environment: { A: "1", B: "2" } },
  bundle: { digest, externals: [{ name: "better-sqlite3", version: "12.0.0" }] },
  source: { file: "/pipelines/weather.ts", export: "weather" }
})

/** An observation of a backend. */
export const state = (status: OperationalState["status"], fields?: Partial<OperationalState>): OperationalState =>
  new OperationalState({ metadata: {}, ...fields, status })

/** The default holder of leases. */
export const holder = "host-a/1"
/** The default duration of leases. */
export const ttl = "30 seconds"

/** A stored snapshot and a deployment of it at generation 0. */
export const inserted = (n: number, name = `weather-${n}`) =>
  Effect.gen(function* () {
    const snapshot = yield* Effect.flatMap(SnapshotStore, (store) => store.put(draft("weather")))
    const store = yield* DeploymentStore
    const reference = { id: snapshot.id, pipelineName: snapshot.pipelineName, version: snapshot.version }
    const record = yield* store.insert({
      id: deploymentId(n),
      name: named(name),
      deployer: { flavor: "local", name: "default" },
      snapshot: reference
    })
    return { store, snapshot: reference, record, id: record.deployment.id, name }
  })

/** A deployment that runs at generation 1, and the lease it was made under. */
export const running = (n: number) =>
  Effect.gen(function* () {
    const made = yield* inserted(n)
    const { name, snapshot, store } = made
    const lease = yield* store.acquire(made.id, { name, holder, ttl })
    const settings = { timeoutMillis: 1 }
    const operation = yield* store.begin(lease, {
      id: id(1_000 + n),
      kind: "provision",
      snapshotId: snapshot.id,
      settings
    })
    const observed = state("running", { url: "http://127.0.0.1:1", metadata: { pid: 7 } })
    const authKey = { digest: "d".repeat(64), sealed: "v1.sealed" }
    const record = yield* store.commit(lease, operation, { snapshot, settings, state: observed, authKey })
    yield* store.finish(lease, operation)
    return { ...made, lease, operation, record }
  })

/** The row as it is now. */
export const current = (ref: string) =>
  Effect.flatMap(DeploymentStore, (store) => Effect.map(store.find(ref), Option.getOrThrow))

const at = (millis: number) => DateTime.unsafeMake(millis)

/** A step that succeeded. */
export const step = (name: string, startedAt: number, fields?: Partial<StepRun>): StepRun => ({
  name,
  status: "succeeded",
  attempts: 1,
  startedAt: at(startedAt),
  finishedAt: at(startedAt + 5),
  executionTimeMillis: 5.5,
  outputs: { celsius: 3 },
  ...fields
})

/** A run that succeeded. */
export const run = (n: number, fields?: Partial<Run>): Run => ({
  id: id(n),
  index: n,
  name: `weather-${n}`,
  status: "succeeded",
  parameters: { city: "Bern" },
  outputs: { summary: "ok" },
  startedAt: at(1_000 + n),
  finishedAt: at(2_000 + n),
  executionTimeMillis: 1_000.25,
  ...fields
})

/** The same run as it is in a list. */
export const summary = (n: number): RunSummary => {
  const { parameters, outputs, error, steps, ...rest } = run(n)
  return rest
}

/** The same run before it ended. */
export const started = (n: number, fields?: Partial<Run>): Run => ({
  id: id(n),
  index: n,
  name: `weather-${n}`,
  status: "running",
  parameters: { city: "Bern" },
  startedAt: at(1_000 + n),
  ...fields
})

/** A run as part of a batch. */
export const write = (stored: Run): RunWrite => ({ _tag: "Run", run: stored })
