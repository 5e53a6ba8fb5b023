// The list of deployments, kept up to date.

import { element } from "../shared/elements.js"
import { $, poll, say } from "../shared/polling.js"
import { read, session } from "./api.js"
import { replace, statusBadge, timeOf, urlLink, versionOf } from "./text.js"

/** The last answer, and the parts of the page that show some of it. */
export const known = { deployments: undefined, listeners: [] }

const rowOf = new Map()

const cell = (node, properties = {}) => element("td", properties, node)

const row = (one) => {
  const text = JSON.stringify(one)
  const shown = rowOf.get(one.id) ?? { node: element("tr") }
  rowOf.set(one.id, shown)
  if (shown.text !== text) {
    shown.text = text
    const reason = one.reason === undefined ? [] : [element("p", { class: "hint muted" }, one.reason)]
    shown.node.replaceChildren(
      element("th", { scope: "row" }, element("a", { href: `#deployment/${one.name}` }, one.name)),
      element("td", {}, statusBadge(one), ...reason),
      cell(urlLink(one.url), { class: "optional" }),
      cell(versionOf(one)),
      cell(one.generation, { class: "optional" }),
      cell(one.deployer.flavor, { class: "optional" }),
      cell(timeOf(one.updatedAt), { class: "optional" })
    )
  }
  return shown.node
}

const summary = (deployments) => {
  const counts = new Map()
  for (const { status } of deployments) counts.set(status, (counts.get(status) ?? 0) + 1)
  const parts = [...counts].map(([status, count]) => `${count} ${status}`)
  return `${deployments.length} ${deployments.length === 1 ? "deployment" : "deployments"}: ${parts.join(", ")}.`
}

const show = () => {
  const { deployments } = known
  if (deployments === undefined) return
  const wanted = $("filter").value.trim().toLowerCase()
  const found = deployments.filter((one) => `${one.name} ${versionOf(one)}`.toLowerCase().includes(wanted))
  replace($("rows"), found.map(row))
  $("empty").hidden = deployments.length > 0
  $("some").hidden = deployments.length === 0
  say("filterSaid", found.length > 0 || deployments.length === 0 ? "" : "No deployment has such a name.")
  say("said", deployments.length === 0 ? "" : summary(deployments))
}

const list = async () => {
  if (!session.isOpen) return
  known.deployments = await read("deployments")
  const ids = new Set(known.deployments.map(({ id }) => id))
  for (const id of rowOf.keys()) if (!ids.has(id)) rowOf.delete(id)
  show()
  for (const listener of known.listeners) listener()
}

export const startList = () => {
  $("filter").addEventListener("input", show)
  return poll(list, 2000, "said")
}
