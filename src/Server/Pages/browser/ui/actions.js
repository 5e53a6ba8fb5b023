// The actions on a deployment, each with a confirmation that names it.

import { element } from "../shared/elements.js"
import { $, reason, refreshAll, say } from "../shared/polling.js"
import { change, pathOf } from "./api.js"
import { confirmed } from "./dialog.js"
import { here } from "./route.js"

const stop = {
  label: "Stop",
  path: "/deprovision",
  doing: "Stopping",
  text: "Its service ends and answers no more calls. Its record, its settings and its runs stay, and it can be started again."
}
const start = {
  label: "Start",
  path: "/reprovision",
  doing: "Starting",
  text: "Its last snapshot is served again with its settings, as a new generation."
}
const remove = {
  label: "Delete",
  path: "/delete",
  doing: "Deleting",
  isFinal: true,
  text: "Its service ends, and its record, its keys and its runs are removed. This cannot be undone."
}
const rollbackTo = (to) => ({
  label: "Roll back",
  confirm: `Roll back to generation ${to}`,
  path: "/rollback",
  payload: { to },
  doing: "Rolling back",
  text: `Generation ${to} is served again, as a new generation. The present one serves until the new one is healthy.`
})

/** True while a change of this page is in progress. */
const state = { isBusy: false }

const act = async (name, { confirm, doing, isFinal = false, label, path, payload = {}, text }) => {
  const title = `${label} the deployment "${name}"?`
  if (!(await confirmed({ title, text, confirm: confirm ?? `${label} ${name}`, isFinal, name }))) return
  state.isBusy = true
  enable()
  say("actFailed", "")
  say("acted", `${doing} "${name}".`)
  try {
    await change(pathOf(name, path), payload)
    say("acted", `${doing} "${name}": done.`)
    if (isFinal && here.name === name) location.hash = "list"
  } catch (error) {
    say("acted", "")
    say("actFailed", error.status === undefined ? "The answer was lost; the events show what happened." : reason(error))
  }
  state.isBusy = false
  enable()
  refreshAll()
}

const enable = () => {
  for (const button of document.querySelectorAll(".act")) button.disabled = state.isBusy
}

const button = (name, action) => {
  const properties = { type: "button", class: action.isFinal ? "act danger" : "act", onclick: () => act(name, action) }
  const node = element("button", properties, action.label)
  node.disabled = state.isBusy
  return node
}

/** The button that returns to an earlier generation. */
export const rollbackButton = (name, generation) => {
  const node = button(name, rollbackTo(generation))
  node.classList.add("small")
  node.setAttribute("aria-label", `Roll back to generation ${generation}`)
  return node
}

let shown

/** Shows the actions that the deployment has at present. */
export const showActions = ({ desired, name, status }) => {
  const isStopped = desired === "stopped" || status === "absent"
  const actions = isStopped ? [start, remove] : status === "error" ? [start, stop, remove] : [stop, remove]
  const now = JSON.stringify([name, actions.map(({ label }) => label)])
  if (now === shown) return
  shown = now
  $("actions").replaceChildren(...actions.map((action) => button(name, action)))
}

export const forgetActions = () => {
  shown = undefined
  say("acted", "")
  say("actFailed", "")
}
