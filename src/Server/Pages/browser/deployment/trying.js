// Running the pipeline: sending the input, and showing the answer or following the run.

import { element } from "../shared/elements.js"
import { follow } from "./following.js"
import { complaints, focusProblem, present } from "./input.js"
import { bodyOf, headers, separated } from "./request.js"
import { block, cancelRun, linkTo, runView, sentence } from "./runView.js"
import { $, ask, locked, paths, say, when } from "./service.js"
import { showSnippet, startSnippets } from "./snippets.js"

let going

const tell = (text, isBad = false) => {
  say("said", text)
  $("said").className = isBad ? "bad" : ""
}
const show = (run, messages) => {
  tell(run.status === "running" ? "The run is in progress." : `The run has ended: ${run.status}.`)
  $("answer").replaceChildren(...runView(run, messages))
}
const succeeded = ({ executionTimeMillis, metadata, outputs }) =>
  show({
    id: metadata.runId,
    name: metadata.runName,
    index: metadata.runIndex,
    status: "succeeded",
    executionTimeMillis,
    outputs
  })
const failed = (status, body) => {
  const others = complaints(body.issues)
  tell(`${status} ${sentence(body) || "The service refused the request."}`, true)
  const run = body.runId ? [element("p", {}, "Run ", linkTo(body.runId, body.runId))] : []
  $("answer").replaceChildren(
    ...others.map(({ path, reason }) => element("p", { class: "bad" }, `${path} ${reason}`)),
    ...run,
    ...block("Answer", body, body.issues === undefined)
  )
  focusProblem()
}

const exchange = async ({ parameters, target }, isStream) => {
  const response = await ask("invoke", {
    path: target.path,
    method: "POST",
    headers: headers(separated(parameters).files.length > 0),
    body: bodyOf(parameters),
    signal: going.signal
  })
  if (response.ok && isStream) {
    tell("Waiting for the run to start.")
    return follow(response, show, (runId) => {
      going.runId = runId
    })
  }
  const body = await response.json()
  if (response.ok) succeeded(body)
  else failed(response.status, body)
}

const send = async () => {
  const input = present()
  if (going) return
  if (input === undefined) return focusProblem()
  if (locked("invoke")) {
    when.refused("Running the pipeline needs the key.")
    return $("key").focus()
  }
  going = new AbortController()
  $("go").disabled = true
  $("stop").hidden = false
  tell("The run is in progress.")
  $("answer").replaceChildren()
  try {
    await exchange(input, $("stream").checked)
  } catch {
    tell(
      going.signal.aborted
        ? "Cancelled: the run is interrupted because its caller left."
        : "The connection ended before the response was complete.",
      true
    )
  }
  going = undefined
  $("go").disabled = false
  $("stop").hidden = true
  when.changed()
}

export const startTrying = () => {
  $("try").addEventListener("submit", (event) => {
    event.preventDefault()
    send()
  })
  $("try").addEventListener("input", showSnippet)
  $("stop").addEventListener("click", () => (going?.runId && paths.cancel ? cancelRun(going.runId) : going?.abort()))
  startSnippets(present)
}
