// Runs that share the calls of a model, which takes two milliseconds for any number of inputs up to 32.
import { join } from "node:path"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { measureRows, reportRows } from "../lib/rows.mjs"
import { startSubject } from "../lib/subject.mjs"
import { jsonCall } from "../subjects/common.mjs"

export const names = {
  ours: "ours, not recorded",
  recorded: "ours, durable",
  fastify: "Fastify, by hand"
}

const call = jsonCall({ number: 20 })

const verify = async (name, { url }) => {
  const response = await fetch(`${url}/invoke`, call)
  const { outputs } = await response.json()
  if (response.status !== 200 || outputs?.number !== 21) throw new Error(`${name} answered ${response.status}.`)
}

export const measure = async (context) => {
  const home = openHome(join(context.data, "home-batched"))
  const serve = (name, serving) => home.deploy(pipelineFile("batched"), name, { serving })
  const subjects = {
    ours: await serve("batched", { recording: "none" }),
    recorded: await serve("recorded", {}),
    fastify: await startSubject("fastify-batched.mjs")
  }
  for (const subject of Object.values(subjects)) subject.call = call
  return measureRows(context, { section: "batched", connections: [32, 256], names, ours: "ours", subjects, verify })
}

export const report = (rows) => reportRows("Runs that share calls of a model", "runs", names, rows)

export const summary = (rows) => rows
