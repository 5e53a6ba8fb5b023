// The triggers of the pipeline, and their pauses.

import { element } from "../shared/elements.js"
import { $, change, locked, paths, poll, read, say, when } from "./service.js"

const act = (name, title, of) =>
  element(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": `${title} ${of}`,
      onclick: async () => {
        await change(name, paths[name].replace(":name", encodeURIComponent(of)))
        refresh()
      }
    },
    title
  )

const trigger = ({ ackOn, concurrency, isPaused, maxAttempts, name }) =>
  element(
    "li",
    {},
    element("strong", {}, name),
    element(
      "p",
      {},
      isPaused ? "paused, " : "",
      `at most ${concurrency} messages in progress, `,
      ackOn === "accepted"
        ? "taken when the run is on record"
        : `taken when the run has succeeded, ${maxAttempts} attempts`
    ),
    element(
      "div",
      { class: "row" },
      isPaused ? act("resumeTrigger", "Resume", name) : act("pauseTrigger", "Pause", name)
    )
  )

let shown
let refresh = () => {}
const list = async () => {
  if (locked("triggers")) {
    $("triggers").hidden = true
    return
  }
  const { triggers } = await read("triggers")
  $("triggers").hidden = triggers.length === 0
  const text = JSON.stringify(triggers)
  say("triggersSaid", "")
  if (text === shown) return
  shown = text
  const hadFocus = $("triggerList").contains(document.activeElement)
  $("triggerList").replaceChildren(...triggers.map(trigger))
  if (hadFocus) $("triggerList").querySelector("button")?.focus()
}

export const startTriggers = () => {
  if (!paths.triggers) return
  refresh = poll(list, 5000, "triggersSaid")
  when.alsoChanged.push(refresh)
}
