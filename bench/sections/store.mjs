// The same queries over few and over many rows.
import { join } from "node:path"
import { Effect, ManagedRuntime } from "effect"
import { Deployer } from "effect-deployers"
import { DeploymentStore, RunStore, Runs } from "effect-deployers/Store"
import { v7 } from "uuid"
import { onEnd } from "../lib/cleanup.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { seedDeployments, seedRuns } from "../lib/seed.mjs"
import { median } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"
import { callOf } from "../subjects/common.mjs"
import { payloads } from "../subjects/payloads.mjs"

const few = 100
const page = 50

const deployments = Effect.flatMap(DeploymentStore.DeploymentStore, (store) => store.list({ limit: page }))
const describe = Effect.flatMap(Deployer.Deployer, (deployer) => deployer.get("seed"))
const refresh = Effect.flatMap(Deployer.Deployer, (deployer) => deployer.refresh("seed"))
const list = (options) => Effect.flatMap(RunStore.RunStore, (store) => store.list({ limit: page, ...options }))

const timeOnce = async (run, effect) => {
  const begun = performance.now()
  const value = await run(effect)
  return { millis: performance.now() - begun, value }
}

const expectRows = (name, value) => {
  const rows = value.runs ?? value
  if (Array.isArray(rows) && rows.length !== page) throw new Error(`${name} answered ${rows.length} rows, not ${page}.`)
}

/** Times of each query over both sizes, one after the other. */
const interleaved = async (queries, sizes, repeats) => {
  const samples = Object.fromEntries(Object.keys(queries).map((name) => [name, { few: [], many: [] }]))
  for (let repeat = -3; repeat < repeats; repeat++) {
    for (const [name, effect] of Object.entries(queries)) {
      for (const [size, run] of Object.entries(sizes)) {
        const { millis, value } = await timeOnce(run, effect)
        expectRows(name, value)
        if (repeat >= 0) samples[name][size].push(millis)
      }
    }
  }
  return Object.entries(samples).map(([name, times]) => {
    const [small, large] = [median(times.few), median(times.many)]
    return { name, few: small, many: large, ratio: large / small }
  })
}

const measureDeployments = async ({ data, repeats, say }, many) => {
  const sizes = {}
  for (const [size, count] of Object.entries({ few, many })) {
    say(`store: ${count} deployments`)
    const folder = join(data, `home-store-${size}`)
    const home = openHome(folder)
    await home.deploy(pipelineFile("small"), "seed")
    seedDeployments(join(folder, "registry.db"), { count: count - 1, like: "seed" })
    sizes[size] = (effect) => home.runtime.runPromise(effect)
  }
  const queries = {
    [`list ${page} deployments`]: deployments,
    "describe a deployment": describe,
    "refresh a deployment": refresh
  }
  return (await interleaved(queries, sizes, repeats)).map((row) => ({ ...row, rows: many }))
}

/** A run store with some runs, open for reading as the command line opens it. */
const openRuns = async (home, name, count) => {
  const subject = await home.deploy(pipelineFile("small"), name)
  const response = await fetch(`${subject.url}/invoke`, callOf(payloads.small))
  if (response.status !== 200) throw new Error(`${name} answered ${response.status}.`)
  await subject.end()
  seedRuns(subject.runs, count - 1)
  const runtime = ManagedRuntime.make(Runs.layerReadOnly(subject.runs))
  onEnd(() => runtime.dispose())
  return (effect) => runtime.runPromise(effect)
}

const measureRuns = async ({ data, repeats, say }, many) => {
  const home = openHome(join(data, "home-runs"))
  const sizes = {}
  for (const [size, count] of Object.entries({ few, many })) {
    say(`store: ${count} runs`)
    sizes[size] = await openRuns(home, size, count)
  }
  const cursor = v7({ msecs: Date.now() - 20_000 })
  const queries = {
    [`first page of ${page} runs`]: list({}),
    [`page of ${page} runs by status`]: list({ status: "succeeded" }),
    [`page of ${page} runs after a cursor`]: list({ cursor })
  }
  return (await interleaved(queries, sizes, repeats)).map((row) => ({ ...row, rows: many }))
}

export const measure = async ({ data, quick, say }) => {
  const context = { data, say, repeats: quick ? 20 : 60 }
  return [
    ...(await measureDeployments(context, quick ? 2_000 : 10_000)),
    ...(await measureRuns(context, quick ? 50_000 : 1_000_000))
  ]
}

export const report = (rows) =>
  `Queries over many rows against the same over ${few}\n\n${table(
    ["", "rows", `ms of ${few}`, "ms of many", "x"],
    rows.map(({ few: small, many, name, ratio, rows: count }) => [
      name,
      count.toLocaleString("en"),
      ...[small, many, ratio].map(show)
    ])
  )}`

export const summary = (rows) => rows
