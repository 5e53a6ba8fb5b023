// The schedules of the pipeline: their next times, their last firings, and changes of them.

import { element } from "../shared/elements.js"
import { linkTo } from "./runView.js"
import { $, change, locked, paths, poll, read, say, when } from "./service.js"

const time = (at) => element("time", { datetime: at }, new Date(at).toLocaleString())

const firing = ({ dueAt, runId, state }) => element("li", {}, time(dueAt), " ", runId ? linkTo(runId, state) : state)

const act = (name, title, of) => {
  const path = paths[name].replace(":name", encodeURIComponent(of))
  const onclick = async () => {
    const answer = await change(name, path)
    refresh()
    if (answer?.runId && paths.run) location.hash = `run/${answer.runId}`
  }
  return element("button", { type: "button", class: "small", onclick, "aria-label": `${title} ${of}` }, title)
}

const schedule = ({ cron, firings, isPaused, name, nextAt }) =>
  element(
    "li",
    {},
    element("strong", {}, name),
    " ",
    element("code", {}, cron),
    element("p", {}, ...(isPaused ? ["paused"] : nextAt ? ["next ", time(nextAt)] : ["no further time"])),
    element(
      "div",
      { class: "row" },
      isPaused ? act("resumeSchedule", "Resume", name) : act("pauseSchedule", "Pause", name),
      act("fireSchedule", "Fire now", name)
    ),
    ...(firings.length > 0
      ? [element("details", {}, element("summary", {}, "Last firings"), element("ul", {}, ...firings.map(firing)))]
      : [element("p", { class: "muted" }, "It has not fired yet.")])
  )

let shown
let refresh = () => {}
const list = async () => {
  if (locked("schedules")) {
    $("schedules").hidden = true
    return
  }
  const { schedules } = await read("schedules")
  $("schedules").hidden = schedules.length === 0
  const text = JSON.stringify(schedules)
  say("schedulesSaid", "")
  if (text === shown) return
  shown = text
  const focused = document.activeElement?.getAttribute("aria-label")
  $("scheduleList").replaceChildren(...schedules.map(schedule))
  if (focused)
    $("scheduleList")
      .querySelector(`[aria-label="${CSS.escape(focused)}"]`)
      ?.focus()
}

export const startSchedules = () => {
  if (!paths.schedules) return
  refresh = poll(list, 5000, "schedulesSaid")
  when.alsoChanged.push(refresh)
}
