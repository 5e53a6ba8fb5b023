// The generations of a deployment and its audit log, newest first. Events of one operation are one entry.

import { element } from "../shared/elements.js"
import { $, poll, say } from "../shared/polling.js"
import { rollbackButton } from "./actions.js"
import { pathOf, read, session } from "./api.js"
import { known } from "./list.js"
import { here, onPlace } from "./route.js"
import { replace, timeOf } from "./text.js"

const page = 1000
const few = 12
const outcomes = { accepted: "ready", failed: "failed", pending: "running" }

/** Appends the events after the known ones, page by page. */
const readEvents = async (state) => {
  for (;;) {
    const found = await read(pathOf(state.name, `/events?after=${state.last}&limit=${page}`))
    for (const event of found) {
      const operation = state.operations.get(event.operationId) ?? { events: [] }
      state.operations.set(event.operationId, operation)
      operation.events.push(event)
      state.last = event.sequence
    }
    if (found.length < page) return
  }
}

const stateOf = (name) => ({ name, last: 0, operations: new Map(), isAll: false })
let state = stateOf(undefined)

const endOf = (events) => {
  const { type } = events.at(-1)
  if (type === "operation_finished") return ["ready", "finished"]
  return type === "operation_failed" ? ["failed", "failed"] : ["running", "in progress"]
}

const line = ({ at, data, type }) => {
  const details = Object.keys(data).length === 0 ? "" : ` ${JSON.stringify(data)}`
  return element("li", {}, timeOf(at), ` ${type.replaceAll("_", " ")}`, element("span", { class: "muted" }, details))
}

const entry = (operation) => {
  const { events } = operation
  if (operation.count === events.length) return operation.node
  operation.count = events.length
  const [colour, end] = endOf(events)
  const summary = element(
    "summary",
    {},
    element("span", { class: `badge ${colour}` }, end),
    element("strong", {}, events[0].operation),
    timeOf(events[0].at)
  )
  operation.details ??= element("details")
  operation.details.replaceChildren(summary, element("ol", {}, ...events.map(line)))
  operation.node ??= element("li", {}, operation.details)
  return operation.node
}

const showEvents = () => {
  const all = [...state.operations.values()].reverse()
  const shown = state.isAll ? all : all.slice(0, few)
  replace($("events"), shown.map(entry))
  $("moreEvents").hidden = shown.length === all.length
  say("eventsSaid", all.length === 0 ? "There are no events." : "")
}

const generation = ({ by, createdAt, generation, outcome, reason }, current) => {
  const isCurrent = generation === current
  return element(
    "li",
    isCurrent ? { "aria-current": "true" } : {},
    element("strong", {}, generation),
    element("span", { class: `badge ${outcomes[outcome]}` }, isCurrent ? "current" : outcome),
    timeOf(createdAt),
    element("span", { class: "muted" }, by),
    ...(outcome === "accepted" && !isCurrent ? [rollbackButton(state.name, generation)] : []),
    ...(reason === undefined ? [] : [element("p", { class: "hint" }, reason)])
  )
}

let generations
const showGenerations = (revisions) => {
  const current = known.deployments?.find(({ name }) => name === state.name)?.generation
  const text = JSON.stringify([revisions.map(({ settings, ...rest }) => rest), current])
  if (text === generations) return
  generations = text
  $("generations").replaceChildren(...revisions.map((one) => generation(one, current)))
  say("generationsSaid", revisions.length === 0 ? "There are no generations yet." : "")
}

const reset = () => {
  state = stateOf(here.name)
  generations = undefined
  $("generations").replaceChildren()
  $("events").replaceChildren()
  $("moreEvents").hidden = true
}

export const startTimeline = () => {
  reset()
  const refreshEvents = poll(
    async () => {
      const mine = state
      if (!session.isOpen || mine.name === undefined) return
      await readEvents(mine)
      if (mine === state) showEvents()
    },
    2000,
    "eventsSaid"
  )
  const refreshGenerations = poll(
    async () => {
      const { name } = state
      if (!session.isOpen || name === undefined) return
      const revisions = await read(pathOf(name, "/revisions")).catch((error) => {
        if (error.status === 404) return []
        throw error
      })
      if (name === state.name) showGenerations(revisions)
    },
    2000,
    "generationsSaid"
  )
  $("moreEvents").addEventListener("click", () => {
    state.isAll = true
    showEvents()
  })
  onPlace((before) => {
    if (before.name === here.name) return
    reset()
    refreshEvents()
    refreshGenerations()
  })
}
