// A response of a hundred elements, one line of JSON each, written as they come.
import { join } from "node:path"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { measureRows, reportRows } from "../lib/rows.mjs"
import { startSubject } from "../lib/subject.mjs"
import { jsonCall } from "../subjects/common.mjs"

const elements = 100

export const names = {
  ours: "ours, not recorded",
  recorded: "ours, durable",
  fastify: "Fastify"
}

const call = jsonCall({ count: elements }, { accept: "application/x-ndjson" })

const verify = async (name, { url }) => {
  const response = await fetch(`${url}/invoke`, call)
  const lines = (await response.text()).trimEnd().split("\n")
  const last = JSON.parse(lines[elements - 1] ?? "null")
  if (response.status !== 200 || lines.length !== elements + 1 || last?.element?.number !== elements) {
    throw new Error(`${name} answered ${response.status} with ${lines.length} lines.`)
  }
}

export const measure = async (context) => {
  const home = openHome(join(context.data, "home-stream"))
  const serve = (name, serving) => home.deploy(pipelineFile("stream"), name, { serving })
  const subjects = {
    ours: await serve("stream", { recording: "none" }),
    recorded: await serve("recorded", {}),
    fastify: await startSubject("fastify-stream.mjs")
  }
  for (const subject of Object.values(subjects)) subject.call = call
  return measureRows(context, { section: "stream", connections: [1, 32], names, ours: "ours", subjects, verify })
}

export const report = (rows) =>
  reportRows(`Responses of ${elements} elements as lines of JSON`, "responses", names, rows)

export const summary = (rows) => rows
