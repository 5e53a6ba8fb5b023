// Statuses and times of deployments.

import { element } from "../shared/elements.js"

/** The colours of the statuses, by the classes that the page of a deployment has for them. */
const colours = { running: "ready", pending: "running", error: "failed", unknown: "interrupted" }
const intakes = { Paused: "paused", Maintenance: "maintenance" }

export const statusOf = ({ intake, status }) =>
  intake === undefined ? status : `${status}, ${intakes[intake._tag] ?? intake._tag}`

export const statusBadge = (one) => element("span", { class: `badge ${colours[one.status] ?? ""}` }, statusOf(one))

/** A time of today without its date. */
export const timeOf = (at) => {
  const time = new Date(at)
  const isToday = time.toDateString() === new Date().toDateString()
  const text = isToday ? time.toLocaleTimeString() : time.toLocaleString()
  return element("time", { datetime: at, title: time.toLocaleString() }, text)
}

export const urlLink = (url) =>
  url === undefined ? "-" : element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url)

export const versionOf = ({ snapshot }) => `${snapshot.pipelineName}@${snapshot.version}`

/** Shows nodes in place of others if they differ, and keeps the focus on one that stays. */
export const replace = (parent, nodes) => {
  const shown = parent.children
  if (nodes.length === shown.length && nodes.every((node, i) => node === shown[i])) return
  const focused = document.activeElement
  parent.replaceChildren(...nodes)
  if (focused !== document.activeElement) focused.focus()
}
