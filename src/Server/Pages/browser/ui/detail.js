// One deployment: its head and its actions. The other parts follow the same place.

import { element } from "../shared/elements.js"
import { $, say } from "../shared/polling.js"
import { forgetActions, showActions } from "./actions.js"
import { known } from "./list.js"
import { here, onPlace } from "./route.js"
import { statusBadge, timeOf, urlLink, versionOf } from "./text.js"

let shown

const facts = (one) => [
  ["URL", urlLink(one.url)],
  ["Version", versionOf(one)],
  ["Generation", one.generation],
  ["Deployer", `${one.deployer.flavor}/${one.deployer.name}`],
  ["Key", one.authEnabled ? "needed" : "not needed"],
  ["Created", timeOf(one.createdAt)],
  ["Updated", timeOf(one.updatedAt)]
]

const showHead = () => {
  const one = known.deployments?.find(({ name }) => name === here.name)
  const text = JSON.stringify(one)
  if (here.name === undefined || text === shown) return
  shown = text
  say("detailName", here.name)
  if (one === undefined) {
    if (known.deployments === undefined) return
    $("detailStatus").replaceChildren(element("span", { class: "badge" }, "deleted"))
    say("detailReason", "There is no deployment of this name any more.")
    return $("actions").replaceChildren()
  }
  $("detailStatus").replaceChildren(statusBadge(one))
  say("detailReason", one.reason ?? "")
  $("facts").replaceChildren(
    ...facts(one).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))
  )
  showActions(one)
}

const showPlace = () => {
  const isChosen = here.name !== undefined
  $("list").hidden = isChosen
  $("detail").hidden = !isChosen
  for (const part of document.querySelectorAll(".part")) part.hidden = !isChosen
  document.title = isChosen ? `${here.name}, deployments` : "Deployments"
}

export const startDetail = () => {
  known.listeners.push(showHead)
  onPlace((before) => {
    if (before.name === here.name) return
    shown = undefined
    forgetActions()
    showPlace()
    showHead()
    if (here.name === undefined) $("filter").focus()
    else $("detail").focus()
  })
  showPlace()
}
