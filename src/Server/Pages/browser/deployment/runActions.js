// The actions on a run, its log and its artifacts.

import { element } from "../shared/elements.js"
import { makeField } from "./form/fields.js"
import { cancelButton, isGoing } from "./runView.js"
import { ask, change, paths, read, reason, refusal } from "./service.js"

const at = (name, id, more = {}) =>
  Object.entries({ id, ...more }).reduce(
    (path, [key, value]) => path.replace(`:${key}`, encodeURIComponent(value)),
    paths[name]
  )

/** A part that asks for its content when it opens, and again when the run changes. */
const lazily = (title, load) => {
  const box = element("div", {})
  const refresh = async () => {
    if (!node.open) return
    try {
      const nodes = await load()
      box.replaceChildren(...nodes)
    } catch (error) {
      box.replaceChildren(element("p", { class: "bad" }, reason(error)))
    }
  }
  const node = element("details", { ontoggle: refresh }, element("summary", {}, title), box)
  return { node, refresh }
}

const logOf = (id) =>
  lazily("Log", async () => {
    const { lines, nextAfter } = await read("logs", { path: at("logs", id) })
    if (lines.length === 0) return [element("p", { class: "muted" }, "The run has logged nothing.")]
    const text = lines.map(({ at, fields, level, message }) =>
      [new Date(at).toLocaleTimeString(), level, message, fields && JSON.stringify(fields)].filter(Boolean).join(" ")
    )
    if (nextAfter !== undefined) text.push("...")
    return [element("pre", { tabindex: "0", role: "group", "aria-label": "Log" }, text.join("\n"))]
  })

const artifact = (id, { bytes, cachedFrom, contentType, digest, step }) => {
  const box = element("div", {})
  const open = async () => {
    const response = await ask("artifact", { path: at("artifact", id, { step }) })
    if (!response.ok) return box.replaceChildren(element("p", { class: "bad" }, refusal(response).message))
    const text = await response.text()
    box.replaceChildren(
      element("pre", { tabindex: "0", role: "group", "aria-label": `Artifact ${step}` }, text.slice(0, 100_000))
    )
  }
  return element(
    "li",
    {},
    element("button", { type: "button", class: "small", onclick: open, "aria-label": `Show artifact ${step}` }, "Show"),
    ` ${step}, ${bytes} bytes, ${contentType}${cachedFrom ? ", cached" : ""} `,
    element("code", {}, digest.slice(0, 12)),
    box
  )
}

const artifactsOf = (id) =>
  lazily("Artifacts", async () => {
    const { artifacts } = await read("artifacts", { path: at("artifacts", id) })
    return artifacts.length === 0
      ? [element("p", { class: "muted" }, "No step has an output.")]
      : [element("ul", {}, ...artifacts.map((one) => artifact(id, one)))]
  })

/** Sends a signal, and says what became of it. Returns the problems of its body. */
const sendSignal = async (id, name, body, said) => {
  said.className = "bad"
  try {
    const headers = { "content-type": "application/json" }
    const response = await ask("signal", {
      path: at("signal", id, { name }),
      method: "POST",
      headers,
      body: JSON.stringify(body)
    })
    const answer = await response.json().catch(() => ({}))
    if (response.ok) said.className = ""
    said.textContent = response.ok ? `The signal ${name} is sent.` : refusal(response, answer.message).message
    return answer.issues ?? []
  } catch (error) {
    said.textContent = reason(error)
    return []
  }
}

/** The form of a signal that the run waits for. */
const waitForm = (id, { schema = {}, signal }) => {
  const field = makeField(schema, schema, { name: `Data of ${signal}`, isRequired: true, isRoot: true })
  const said = element("p", { role: "status" })
  const send = async (event) => {
    event.preventDefault()
    field.clear()
    const problems = []
    const body = field.read(problems)
    if (problems.length > 0) return
    for (const { path, reason } of await sendSignal(id, signal, body, said)) {
      field.complain(path === "" ? [] : path.split("."), reason)
    }
  }
  return element(
    "form",
    { onsubmit: send, novalidate: "", "aria-label": `Signal ${signal}` },
    element("h3", {}, `The run waits for the signal ${signal}`),
    field.node,
    element("div", { class: "row" }, element("button", { type: "submit", "aria-label": `Send ${signal}` }, "Send")),
    said
  )
}

/** The forms of the signals that the run waits for. They stay, with their values, as long as it waits for the same. */
const waitForms = (id) => {
  const node = element("div", {})
  let shown = "[]"
  return {
    node,
    show: (waits) => {
      const text = JSON.stringify(waits)
      if (text === shown) return
      shown = text
      node.replaceChildren(...waits.map((wait) => waitForm(id, wait)))
    }
  }
}

/** A signal of any name, to a run that will wait for it. */
const signalForm = (id) => {
  const name = element("input", { id: "signalName", required: "", autocomplete: "off" })
  const data = element("textarea", { id: "signalData", rows: "2", spellcheck: "false" })
  const said = element("p", { role: "status" })
  const send = async (event) => {
    event.preventDefault()
    let body = null
    try {
      if (data.value !== "") body = JSON.parse(data.value)
    } catch (error) {
      said.className = "bad"
      said.textContent = `This is not JSON: ${error.message}`
      return
    }
    const issues = await sendSignal(id, name.value, body, said)
    said.append(...issues.map((issue) => `\n${issue.path} ${issue.reason}`))
  }
  return element(
    "details",
    {},
    element("summary", {}, "Send a signal"),
    element(
      "form",
      { onsubmit: send },
      element("label", { for: "signalName" }, "Name of the signal"),
      name,
      element("label", { for: "signalData" }, "Data as JSON"),
      data,
      element("div", { class: "row" }, element("button", { type: "submit" }, "Send")),
      said
    )
  )
}

const retryButton = (id, from, title) => {
  const retry = async () => {
    const init = { headers: { "content-type": "application/json" }, body: JSON.stringify({ from }) }
    const answer = await change("retry", at("retry", id), init)
    if (answer?.runId) location.hash = `run/${answer.runId}`
  }
  return element("button", { type: "button", onclick: retry }, title)
}

/** The actions of one run. They stay while its view is drawn again. */
export const makeActions = (id) => {
  const buttons = element("div", { class: "row" })
  const waits = waitForms(id)
  const signal = paths.signal ? [waits.node, signalForm(id)] : []
  const parts = [...(paths.logs ? [logOf(id)] : []), ...(paths.artifacts ? [artifactsOf(id)] : [])]
  let shown
  return {
    node: element("div", {}, ...parts.map(({ node }) => node), ...signal, buttons),
    show: ({ status, waitsFor = [] }) => {
      for (const { refresh } of parts) refresh()
      waits.show(waitsFor)
      if (shown === status) return
      shown = status
      const again = paths.retry ? [retryButton(id, "start", "Run again")] : []
      const failed = paths.retry && status !== "succeeded" ? [retryButton(id, "failed", "From the failed step")] : []
      buttons.replaceChildren(...(isGoing(status) ? [cancelButton(id)] : [...again, ...failed]))
      for (const node of signal) node.hidden = !isGoing(status)
    }
  }
}
