// The table of recent runs, kept up to date, and the details of the selected run.

import { element } from "../shared/elements.js"
import { makeActions } from "./runActions.js"
import { cancelButton, isGoing, linkTo, runView } from "./runView.js"
import { $, link, locked, paths, poll, read, reason, recording, say, when } from "./service.js"
import { badge, millis } from "./text.js"

export const statuses = ["queued", "running", "succeeded", "failed", "interrupted"]
$("filter").append(...statuses.map((status) => element("option", {}, status)))

/** The cursors of the pages up to the one that is shown. */
const pages = [""]
const rowOf = new Map()
let next
let chosen

const started = (at) => {
  const time = new Date(at)
  const isToday = time.toDateString() === new Date().toDateString()
  return element(
    "time",
    { datetime: at, title: time.toLocaleString() },
    isToday ? time.toLocaleTimeString() : time.toLocaleString()
  )
}
const row = (run) => {
  const text = JSON.stringify([run.status, run.cause, run.executionTimeMillis])
  const known = rowOf.get(run.id) ?? { node: element("tr") }
  rowOf.set(run.id, known)
  if (known.text !== text) {
    known.text = text
    const last = isGoing(run.status) ? cancelButton(run.id) : millis(run.executionTimeMillis)
    const cells = [badge(run.status, run.cause), linkTo(run.id, run.name), started(run.startedAt), last]
    known.node.replaceChildren(...cells.map((cell) => element("td", {}, cell)))
  }
  if (run.id === chosen?.id) known.node.setAttribute("aria-current", "true")
  else known.node.removeAttribute("aria-current")
  return known.node
}

const listRuns = async () => {
  $("runsPart").hidden = locked("runs")
  if (locked("runs")) return say("runsSaid", "The runs need the key.")
  $("runList").hidden = link?.runId !== undefined
  if (link?.runId) return say("runsSaid", "The link shows one run.")
  const query = new URLSearchParams({ limit: 15 })
  if ($("filter").value) query.set("status", $("filter").value)
  if (pages.at(-1)) query.set("cursor", pages.at(-1))
  const answer = await read("runs", { path: `${paths.runs}?${query}` })
  const shown = new Set(answer.runs.map(({ id }) => id))
  for (const id of rowOf.keys()) if (!shown.has(id)) rowOf.delete(id)
  next = answer.nextCursor
  $("older").disabled = next === undefined
  $("newer").disabled = pages.length === 1
  const nodes = answer.runs.map(row)
  if (nodes.some((node, i) => node !== $("rows").children[i]) || nodes.length !== $("rows").children.length) {
    const focused = document.activeElement
    $("rows").replaceChildren(...nodes)
    if (focused !== document.activeElement) focused.focus()
  }
  const isFiltered = $("filter").value !== "" || pages.length > 1
  say("runsSaid", nodes.length > 0 ? "" : isFiltered ? "There are no such runs." : "There are no runs yet.")
}

const showRun = async () => {
  if (chosen === undefined || chosen.isOver || locked("run")) return
  const { id } = chosen
  const run = await read("run", { path: paths.run.replace(":id", id) }).catch((error) => {
    chosen.view.replaceChildren(element("p", { class: "bad" }, reason(error)))
    throw error
  })
  if (id !== chosen?.id) return
  const text = JSON.stringify(run)
  chosen.isOver = !isGoing(run.status)
  chosen.actions.show(run)
  if (chosen.text === text) return
  chosen.text = text
  const open = new Set([...chosen.view.querySelectorAll(".step[open]")].map(({ dataset }) => dataset.name))
  chosen.view.replaceChildren(...runView(run))
  for (const step of chosen.view.querySelectorAll(".step")) step.open = open.has(step.dataset.name)
}
const choose = () => {
  const id = /^#run\/([\w-]+)$/.exec(location.hash)?.[1]
  chosen = undefined
  $("run").hidden = id === undefined
  if (id !== undefined) {
    const view = element("div", {}, "Asking for the run.")
    chosen = { id, view, actions: makeActions(id) }
    $("run").replaceChildren(view, chosen.actions.node, element("p", {}, element("a", { href: "#runs" }, "Close")))
    $("run").focus()
  }
  when.changed()
}

const turn = (change) => () => {
  change()
  when.changed()
}
$("older").addEventListener(
  "click",
  turn(() => pages.push(next))
)
$("newer").addEventListener(
  "click",
  turn(() => pages.pop())
)
$("filter").addEventListener(
  "change",
  turn(() => pages.splice(1))
)

if (paths.runs) {
  const refreshRuns = poll(listRuns, 2000, "runsSaid")
  const refreshRun = poll(showRun, 1000)
  when.changed = () => {
    refreshRuns()
    refreshRun()
    for (const then of when.alsoChanged) then()
  }
  addEventListener("hashchange", choose)
  if (location.hash) choose()
} else say("runsSaid", recording === "none" ? "This deployment records no runs." : "Runs are switched off here.")
