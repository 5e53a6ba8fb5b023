// The confirmation of an action. It names the deployment; an action that cannot be undone needs the name typed.

import { $, say } from "../shared/polling.js"

const dialog = $("dialog")
let answer = () => {}

const close = (isConfirmed) => {
  answer(isConfirmed)
  answer = () => {}
  dialog.close()
}
$("confirm").addEventListener("click", () => close(true))
$("cancel").addEventListener("click", () => close(false))
dialog.addEventListener("cancel", () => answer(false))

/** Asks, and answers true if the reader confirms. */
export const confirmed = ({ confirm, isFinal, name, text, title }) => {
  say("dialogTitle", title)
  say("dialogText", text)
  say("confirm", confirm)
  $("confirm").className = isFinal ? "danger" : "main"
  $("confirm").disabled = isFinal
  $("dialogName").hidden = !isFinal
  $("typed").value = ""
  $("typed").oninput = () => {
    $("confirm").disabled = $("typed").value !== name
  }
  dialog.showModal()
  const first = isFinal ? "typed" : "cancel"
  $(first).focus()
  return new Promise((resolve) => {
    answer = resolve
  })
}
