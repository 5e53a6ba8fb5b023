// The runs of a deployment, and one of them with its steps.

import { isGoing, runView } from "../deployment/runView.js"
import { badge, millis } from "../deployment/text.js"
import { element } from "../shared/elements.js"
import { $, poll, reason, say } from "../shared/polling.js"
import { pathOf, read, session } from "./api.js"
import { here, onPlace, runHash } from "./route.js"
import { replace, timeOf } from "./text.js"

const statuses = ["queued", "running", "succeeded", "failed", "interrupted"]

/** The cursors of the pages up to the one that is shown. */
const pages = [""]
const rowOf = new Map()
let next
let chosen

const row = (run) => {
  const text = JSON.stringify(run)
  const shown = rowOf.get(run.id) ?? { node: element("tr") }
  rowOf.set(run.id, shown)
  if (shown.text !== text) {
    shown.text = text
    const link = element("a", { href: runHash(run.id) }, run.name)
    const cells = [badge(run.status, run.cause), link, timeOf(run.startedAt), millis(run.executionTimeMillis)]
    shown.node.replaceChildren(...cells.map((cell) => element("td", {}, cell)))
  }
  if (run.id === here.run) shown.node.setAttribute("aria-current", "true")
  else shown.node.removeAttribute("aria-current")
  return shown.node
}

const queryOf = () => {
  const query = new URLSearchParams({ limit: 15 })
  if ($("status").value) query.set("status", $("status").value)
  if (pages.at(-1)) query.set("cursor", pages.at(-1))
  return query
}

const listRuns = async () => {
  const { name } = here
  if (!session.isOpen || name === undefined) return
  const query = queryOf()
  const answer = await read(pathOf(name, `/runs?${query}`)).catch((error) => {
    if (name === here.name) showRuns([])
    throw error
  })
  if (name !== here.name || String(query) !== String(queryOf())) return
  next = answer.nextCursor
  showRuns(answer.runs)
  const isPart = $("status").value !== "" || pages.length > 1
  say("runsSaid", answer.runs.length > 0 ? "" : isPart ? "There are no such runs." : "There are no runs yet.")
}

const showRuns = (runs) => {
  const shown = new Set(runs.map(({ id }) => id))
  for (const id of rowOf.keys()) if (!shown.has(id)) rowOf.delete(id)
  replace($("runRows"), runs.map(row))
  $("runTable").hidden = runs.length === 0
  $("older").disabled = runs.length === 0 || next === undefined
  $("newer").disabled = pages.length === 1
}

const showRun = async () => {
  const mine = chosen
  if (!session.isOpen || mine === undefined || mine.isOver) return
  const run = await read(pathOf(mine.name, `/runs/${mine.id}`)).catch((error) => {
    if (mine === chosen) mine.view.replaceChildren(element("p", { class: "bad" }, reason(error)))
    throw error
  })
  if (mine !== chosen) return
  const text = JSON.stringify(run)
  mine.isOver = !isGoing(run.status)
  if (mine.text === text) return
  mine.text = text
  const { session: id, ...rest } = run
  const open = new Set([...mine.view.querySelectorAll(".step[open]")].map(({ dataset }) => dataset.name))
  const ofSession = id === undefined ? [] : [element("p", { class: "hint" }, `Session ${id}`)]
  mine.view.replaceChildren(...runView(rest), ...ofSession)
  for (const step of mine.view.querySelectorAll(".step")) step.open = open.has(step.dataset.name)
}

const choose = () => {
  chosen = undefined
  $("run").hidden = here.run === undefined
  if (here.run === undefined) return
  const view = element("div", {}, "Asking for the run.")
  chosen = { name: here.name, id: here.run, view }
  const close = element("a", { href: `#deployment/${here.name}` }, "Close the run")
  $("run").replaceChildren(view, element("p", {}, close))
}

const restart = () => {
  pages.splice(1)
  next = undefined
  showRuns([])
  say("runsSaid", "Asking for the runs.")
}

export const startRuns = () => {
  $("status").append(...statuses.map((status) => element("option", {}, status)))
  choose()
  const refreshRuns = poll(listRuns, 2000, "runsSaid")
  const refreshRun = poll(showRun, 1000)
  const turn = (id, event, move) =>
    $(id).addEventListener(event, () => {
      move()
      refreshRuns()
    })
  turn("older", "click", () => pages.push(next))
  turn("newer", "click", () => pages.pop())
  turn("status", "change", () => pages.splice(1))
  onPlace((before) => {
    if (before.name !== here.name) restart()
    choose()
    refreshRuns()
    refreshRun()
    if (here.run !== undefined) $("run").focus()
  })
}
