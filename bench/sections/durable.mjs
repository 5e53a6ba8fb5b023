// Runs of ten steps, each of which is on disk before the next one begins: ours, by hand, and a workflow engine.
import { join } from "node:path"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { measureRows, reportRows } from "../lib/rows.mjs"
import { startSubject } from "../lib/subject.mjs"
import { jsonCall } from "../subjects/common.mjs"

export const names = {
  ours: "ours, resume",
  relaxed: "ours, resume, relaxed",
  byHand: "better-sqlite3 by hand",
  workflow: "@effect/workflow, SQL"
}

const call = jsonCall({ count: 1 })

/** One run before the measurement: a wrong answer fails the bench. */
const verify = async (name, { url }) => {
  const response = await fetch(`${url}/invoke`, call)
  const { outputs } = await response.json()
  if (response.status !== 200 || outputs?.count !== 11) throw new Error(`${name} answered ${response.status}.`)
}

export const measure = async (context) => {
  const home = openHome(join(context.data, "home-durable"))
  const serve = (name, serving) => home.deploy(pipelineFile("durable"), name, { serving })
  const subjects = {
    ours: await serve("durable", { recovery: "resume" }),
    relaxed: await serve("relaxed", { recovery: "resume", recording: "relaxed" }),
    byHand: await startSubject("durable-by-hand.mjs", [join(context.data, "durable-by-hand.db")]),
    workflow: await startSubject("durable-workflow.mjs", [join(context.data, "durable-workflow.db")])
  }
  for (const subject of Object.values(subjects)) subject.call = call
  return measureRows(context, { section: "durable", connections: [1, 32], names, ours: "ours", subjects, verify })
}

export const report = (rows) => reportRows("Runs of ten steps, each on record before the next", "runs", names, rows)

export const summary = (rows) => rows
