// The head of the page and the key; then the other parts start.

import { element } from "../shared/elements.js"
import { startCharts } from "./charts.js"
import { resolved } from "./form/schema.js"
import { showForm } from "./input.js"
import { startSchedules } from "./schedules.js"
import { $, about, ask, key, keyed, link, locked, paths, poll, read, refreshAll, say, setKey, when } from "./service.js"
import { startSessions } from "./sessions.js"
import { span } from "./text.js"
import { startTriggers } from "./triggers.js"
import { startTrying } from "./trying.js"

const lockUp = (why) => {
  setKey("")
  say("lockSaid", why)
  showKey()
}
const facts = new Map()
const fact = (name, ...value) => {
  if (!facts.has(name)) {
    facts.set(name, element("dd"))
    $("facts").append(element("div", {}, element("dt", {}, name), facts.get(name)))
  }
  facts.get(name).replaceChildren(...value)
}
const showWorkers = (count) => count > 1 && fact("Workers", count)
const showKey = () => {
  if (keyed.length === 0) return fact("Key", "not needed")
  $("lock").hidden = key !== ""
  if (key === "") return fact("Key", "needed")
  if (link) return fact("Link", linkText(link))
  fact("Key", "given ", element("button", { type: "button", class: "small", onclick: forget }, "Forget"))
}
const linkText = ({ expiresAt, invoke, runId }) =>
  `${invoke ? "reads and runs" : runId ? "reads one run" : "reads"} until ${new Date(expiresAt).toLocaleString()}`
const forget = () => {
  lockUp("")
  $("answer").replaceChildren()
  refreshAll()
}
/** The title and the description of the setting `about` replace those of the pipeline. */
const name = (title, description = "") => {
  document.title = about.title ?? title
  say("name", about.title ?? title)
  say("about", about.description ?? description)
}
const showAbout = ({ contact = {}, version }) => {
  if (version) fact("Version", version)
  const href = contact.email ? `mailto:${contact.email}` : contact.url
  const label = contact.name ?? contact.email ?? contact.url
  if (label) fact("Contact", href ? element("a", { href }, label) : label)
}

$("lock").addEventListener("submit", async (event) => {
  event.preventDefault()
  setKey($("key").value.trim())
  try {
    const response = await ask("invoke", { method: "OPTIONS" })
    if (response.status === 401) return
  } catch {
    return lockUp("The service does not answer, or this cannot be a key.")
  }
  // The parts that the link did not permit are back after that.
  if (link) return location.reload()
  $("key").value = ""
  say("lockSaid", "")
  showKey()
  refreshAll()
})

let bornAt
let digest
let hasForm = false
/** Makes the form once, so that its values stay when another version is deployed. */
const makeForm = (root, schema, names) => {
  if (!hasForm) showForm(root, schema, names)
  hasForm = true
}
const readInfo = async () => {
  if (locked("info")) return readSpec("The form needs the key.")
  const { counts, deployment, generation, pipeline, snapshot, uptimeMillis } = await read("info")
  name(deployment.name, pipeline.description)
  bornAt = performance.now() - uptimeMillis
  fact("Pipeline", pipeline.name)
  fact("Snapshot", snapshot.name)
  fact("Generation", generation)
  if (counts)
    fact(
      "Runs so far",
      Object.values(counts).reduce((sum, count) => sum + count, 0)
    )
  makeForm(pipeline.input, pipeline.input, { deployment: deployment.name, pipeline: pipeline.name })
  digest ??= snapshot.digest
  if (digest !== snapshot.digest)
    $("notice").replaceChildren(
      "Another version has been deployed here. ",
      element("a", { href: paths.root }, "Load the page again")
    )
}

/** The schema from the OpenAPI document, for a service without info. */
const readSpec = async (otherwise) => {
  if (hasForm) return
  if (!paths.openApi || locked("openApi")) return showForm({}, {}, { said: otherwise })
  const spec = await read("openApi")
  name(spec.info.title, spec.info.description)
  const { schema } = Object.values(spec.paths[paths.invoke].post.requestBody.content)[0]
  makeForm(spec, resolved(spec, schema).properties.parameters, { pipeline: spec.info.title })
}

const readHealth = async () => {
  const response = await ask("health").catch(() => undefined)
  const { checks = [], status } = (await response?.json()) ?? { status: "unreachable" }
  $("health").className = `badge ${status}`
  say("health", [status, ...checks.flatMap(({ reason }) => reason ?? [])].join(": "))
  if (!response) throw new Error()
}

when.refused = lockUp
const documents = [
  ["docs", "Documentation"],
  ["openApi", "OpenAPI"],
  ["metrics", "Metrics"],
  ["health", "Health"]
]
$("links").append(
  ...documents.flatMap(([name, title]) =>
    paths[name] && !keyed.includes(name) ? [element("a", { href: paths[name] }, title), " "] : []
  )
)
showAbout(about)
showKey()
startTrying()
if (link && !link.invoke) {
  $("go").disabled = true
  say("said", "The link permits reading only.")
}
startSchedules()
startSessions()
startTriggers()
poll(
  paths.info
    ? readInfo
    : () => readSpec("The schema of the parameters is not available: info and docs are switched off."),
  10000,
  "fieldsSaid"
)
poll(readHealth, 5000)
if (paths.metrics) startCharts(showWorkers)
else say("chartsSaid", "Metrics are switched off here.")
setInterval(() => bornAt !== undefined && !document.hidden && fact("Uptime", span(performance.now() - bornAt)), 1000)
