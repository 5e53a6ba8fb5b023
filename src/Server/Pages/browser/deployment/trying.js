// Running the pipeline: sending the form, and showing the answer or following the run.

import { element, pretty } from "../shared/elements.js"
import { follow } from "./following.js"
import { makeFields, resolved } from "./form.js"
import { block, cancelRun, linkTo, runView, sentence } from "./runView.js"
import { $, ask, keyed, locked, paths, say, when } from "./service.js"

let fields
let going
const isRaw = () => fields === undefined || $("asRaw").checked

/** The parameters of the form. Undefined if a text is not JSON; the field then shows the problem. */
const collect = () => {
  let isComplete = true
  const tried = (read, complain) => {
    complain("")
    try {
      return read()
    } catch (error) {
      isComplete = false
      complain(`This is not JSON: ${error.message}`)
    }
  }
  const parameters = isRaw()
    ? tried(
        () => JSON.parse($("raw").value),
        (why) => say("rawSaid", why)
      )
    : Object.fromEntries(
        fields
          .map((field) => [field.name, tried(field.read, field.complain)])
          .filter(([, value]) => value !== undefined)
      )
  return isComplete ? parameters : undefined
}

const fieldOf = (path) => {
  const [top, name] = path.split(".")
  return isRaw()
    ? undefined
    : (fields.find((field) => path === `parameters.${field.name}`) ??
        fields.find((field) => top === "parameters" && field.name === name))
}

/** Shows the problems at their fields, each in a line, and returns those without a field. */
const complaints = (issues = []) => {
  const others = []
  const byField = new Map()
  for (const issue of issues) {
    const field = fieldOf(issue.path)
    if (field === undefined) others.push(issue)
    else {
      const within = issue.path.slice(`parameters.${field.name}.`.length)
      byField.set(field, [...(byField.get(field) ?? []), `${within} ${issue.reason}`.trim()])
    }
  }
  for (const [field, problems] of byField) field.complain(problems.join("\n"))
  return others
}
const focusProblem = () => document.querySelector("#try [aria-invalid=true]")?.focus()

/** The parameters without files, and the files with the names of their parameters. */
const separated = (parameters) => {
  const files = Object.entries(parameters).flatMap(([name, value]) =>
    [value]
      .flat()
      .filter((one) => one instanceof File)
      .map((one) => [name, one])
  )
  const names = new Set(files.map(([name]) => name))
  return { files, others: Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.has(name))) }
}
/** JSON, or a form if there are files. */
const bodyOf = (parameters) => {
  const { files, others } = separated(parameters)
  if (files.length === 0) return JSON.stringify({ parameters })
  const form = new FormData()
  form.append("$request", JSON.stringify({ parameters: others }))
  for (const [name, file] of files) form.append(name, file)
  return form
}
const headers = (isForm) => ({
  ...(isForm ? {} : { "content-type": "application/json" }),
  ...($("stream").checked ? { accept: "text/event-stream" } : {})
})
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`
const showCurl = () => {
  const parameters = collect()
  const { files, others } = separated(parameters ?? {})
  const all = { ...(keyed.includes("invoke") ? { authorization: "Bearer $KEY" } : {}), ...headers(files.length > 0) }
  const lines = Object.entries(all).map(([name, value]) => `-H "${name}: ${value}"`)
  const json = JSON.stringify({ parameters: others })
  const form = () => [
    `-F ${quoted(`$request=${json}`)}`,
    ...files.map(([name, file]) => `-F ${quoted(`${name}=@${file.name}`)}`)
  ]
  const body = parameters === undefined ? [] : files.length > 0 ? form() : [`-d ${quoted(json)}`]
  say(
    "curl",
    [`curl -s${$("stream").checked ? "N " : " "}${location.origin}${paths.invoke}`, ...lines, ...body].join(" \\\n  ")
  )
}

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

const send = async () => {
  const parameters = collect()
  if (going) return
  if (parameters === undefined) return focusProblem()
  if (locked("invoke")) {
    when.refused("Running the pipeline needs the key.")
    return $("key").focus()
  }
  going = new AbortController()
  const isStream = $("stream").checked
  $("go").disabled = true
  $("stop").hidden = false
  tell("The run is in progress.")
  $("answer").replaceChildren()
  try {
    const response = await ask("invoke", {
      method: "POST",
      headers: headers(separated(parameters).files.length > 0),
      body: bodyOf(parameters),
      signal: going.signal
    })
    if (response.ok && isStream) {
      tell("Waiting for the run to start.")
      await follow(response, show, (runId) => {
        going.runId = runId
      })
    } else {
      const body = await response.json()
      if (response.ok) succeeded(body)
      else failed(response.status, body)
    }
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

$("try").addEventListener("submit", (event) => {
  event.preventDefault()
  send()
})
$("try").addEventListener("input", showCurl)
$("stop").addEventListener("click", () => (going?.runId && paths.cancel ? cancelRun(going.runId) : going?.abort()))
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("curl").textContent)
    say("copy", "Copied")
  } catch {
    getSelection().selectAllChildren($("curl"))
    say("copy", "Selected")
  }
  setTimeout(() => say("copy", "Copy"), 2000)
})
$("asRaw").addEventListener("change", ({ target }) => {
  const checked = target.checked
  target.checked = !checked
  const parameters = collect()
  if (parameters === undefined) return focusProblem()
  target.checked = checked
  if (checked) $("raw").value = pretty(separated(parameters).others)
  else for (const field of fields) field.write(parameters?.[field.name])
  showWay()
})
const showWay = () => {
  $("asRawPart").hidden = fields === undefined
  $("rawPart").hidden = !isRaw()
  $("fields").hidden = isRaw()
  showCurl()
}
const plainest = { array: [], boolean: false, integer: 0, number: 0, string: "" }
export const showForm = (root, schema, said) => {
  fields = makeFields(root, schema)
  say("fieldsSaid", said)
  if (fields?.length === 0) say("fieldsSaid", "It takes no parameters.")
  $("fields").replaceChildren(...(fields ?? []).map(({ node }) => node))
  const { default: sample, examples = [], type } = resolved(root, schema)
  if (fields === undefined && $("raw").value === "")
    $("raw").value = pretty(examples[0] ?? sample ?? plainest[type] ?? {})
  showWay()
}
