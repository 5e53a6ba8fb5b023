// The sessions of the pipeline: their states, and their removal.

import { element, pretty } from "../shared/elements.js"
import { $, change, locked, paths, poll, read, reason, say, when } from "./service.js"

const pages = [""]
let next
let shown
let refresh = () => {}

const time = (at) => element("time", { datetime: at }, new Date(at).toLocaleString())
const pathOf = (name, id) => paths[name].replace(":id", encodeURIComponent(id))

const row = ({ bytes, id, states, updatedAt }) => {
  const link = element("a", { href: `#session/${encodeURIComponent(id)}` }, id)
  const cells = [link, states.join(", "), time(updatedAt), String(bytes)]
  return element("tr", {}, ...cells.map((cell) => element("td", {}, cell)))
}

const list = async () => {
  if (locked("sessions")) {
    $("sessions").hidden = true
    return
  }
  const query = new URLSearchParams({ limit: 10, ...(pages.at(-1) ? { cursor: pages.at(-1) } : {}) })
  const { nextCursor, sessions } = await read("sessions", { path: `${paths.sessions}?${query}` })
  next = nextCursor
  $("sessions").hidden = sessions.length === 0 && pages.length === 1 && $("session").hidden
  $("nextSessions").disabled = next === undefined
  $("firstSessions").disabled = pages.length === 1
  const text = JSON.stringify(sessions)
  say("sessionsSaid", sessions.length > 0 ? "" : "There are no further sessions.")
  if (text === shown) return
  shown = text
  $("sessionRows").replaceChildren(...sessions.map(row))
}

/** A removal is asked for twice: the first click arms the button. */
const removeButton = (id) => {
  const button = element("button", { type: "button", "aria-label": `Delete session ${id}` }, "Delete")
  button.addEventListener("click", async () => {
    if (button.dataset.armed === undefined) {
      button.dataset.armed = ""
      button.textContent = "Delete for ever"
      return
    }
    const answer = await change("deleteSession", pathOf("deleteSession", id), { method: "DELETE" })
    if (answer === undefined) return
    location.hash = "sessions"
    shown = undefined
    refresh()
  })
  return button
}

const open = async () => {
  const given = /^#session\/(.+)$/.exec(location.hash)?.[1]
  $("session").hidden = given === undefined
  if (given === undefined) return
  const id = decodeURIComponent(given)
  $("sessions").hidden = false
  $("session").replaceChildren("Asking for the session.")
  $("session").focus()
  try {
    const { states } = await read("session", { path: pathOf("session", id) })
    $("session").replaceChildren(
      element("h3", {}, id),
      ...states.map(({ name, value, version }) =>
        element(
          "details",
          { open: "" },
          element("summary", {}, `${name}, version ${version}`),
          element("pre", { tabindex: "0", role: "group", "aria-label": `State ${name}` }, pretty(value))
        )
      ),
      element("div", { class: "row" }, removeButton(id), element("a", { href: "#sessions" }, "Close"))
    )
  } catch (error) {
    $("session").replaceChildren(
      element("p", { class: "bad" }, reason(error)),
      element("p", {}, element("a", { href: "#sessions" }, "Close"))
    )
  }
}

const turn = (go) => () => {
  go()
  refresh()
}
export const startSessions = () => {
  if (!paths.sessions) return
  refresh = poll(list, 5000, "sessionsSaid")
  when.alsoChanged.push(refresh)
  $("nextSessions").addEventListener(
    "click",
    turn(() => pages.push(next))
  )
  $("firstSessions").addEventListener(
    "click",
    turn(() => pages.splice(1))
  )
  addEventListener("hashchange", open)
  if (location.hash) open()
}
