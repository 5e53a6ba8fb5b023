// A run with its steps on a time line: in progress, answered, or read from the store.

import { element, pretty, svg } from "../shared/elements.js"
import { partsNode, progressOf } from "./outputs.js"
import { change, paths } from "./service.js"
import { badge, millis } from "./text.js"

export const block = (title, value, open) =>
  value === undefined
    ? []
    : [
        element(
          "details",
          open ? { open: "" } : {},
          element("summary", {}, title),
          Array.isArray(value)
            ? partsNode(value)
            : element("pre", { tabindex: "0", role: "group", "aria-label": title }, pretty(value))
        )
      ]

/** A link to the details of a run, where the service has them. */
export const linkTo = (id, text) => (paths.run ? element("a", { href: `#run/${id}` }, text) : text)
export const sentence = (error) => (error?._tag ? error._tag + (error.message ? `: ${error.message}` : "") : "")

const mostSteps = 200

const stepRow = ({ attempts, cachedFrom, error, executionTimeMillis, name, outputs, status }, { from, to }, end) => {
  const width = status === "running" ? end - from : to - from
  const bar = {
    x: Math.min(99, (100 * from) / end),
    width: Math.max(1, (100 * width) / end),
    height: 10,
    class: status
  }
  const how = [
    attempts > 1 ? `${attempts} attempts` : "",
    cachedFrom ? "cached" : "",
    status === "succeeded" ? "" : status,
    millis(executionTimeMillis)
  ]
  return element(
    "details",
    { class: "step", "data-name": name },
    element(
      "summary",
      {},
      element("span", {}, name),
      svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", bar)),
      element("span", {}, how.filter(Boolean).join(", "))
    ),
    ...(cachedFrom
      ? [element("p", {}, "The output of ", linkTo(cachedFrom.runId, cachedFrom.step), " of an earlier run")]
      : []),
    element(
      "pre",
      { tabindex: "0", role: "group", "aria-label": `Result of ${name}` },
      pretty(error ?? outputs ?? null)
    )
  )
}

/** The steps, each with a bar for its time; its outputs or its error unfold. */
const timeline = ({ executionTimeMillis = 0, startedAt, steps = [] }) => {
  if (steps.length === 0) return []
  const times = steps.map((step) => {
    const from = Math.max(0, Date.parse(step.startedAt) - Date.parse(startedAt))
    return { from, to: from + (step.executionTimeMillis ?? 0) }
  })
  const end = times.reduce((latest, { to }) => Math.max(latest, to), executionTimeMillis) || 1
  const rows = steps.slice(0, mostSteps).map((step, i) => stepRow(step, times[i], end))
  const more =
    steps.length > mostSteps ? [element("p", { class: "muted" }, `and ${steps.length - mostSteps} more`)] : []
  return [element("h3", {}, "Steps"), ...rows, ...more]
}

/** The nodes of a run; `messages` are those that the run published, where they are known. */
export const runView = (run, messages = []) => {
  const { cause, error, executionTimeMillis, id, index, name, outputs, parameters, session, startedAt, status } = run
  const title = id === undefined ? "" : linkTo(id, name ?? id)
  const { bar, others } = progressOf(messages)
  return [
    element("p", {}, badge(status, cause), " ", title, " ", millis(executionTimeMillis)),
    element(
      "p",
      { class: "hint muted" },
      [index && `Run ${index}`, id, startedAt && new Date(startedAt).toLocaleString()].filter(Boolean).join(", ")
    ),
    ...(session === undefined
      ? []
      : [
          element(
            "p",
            { class: "hint" },
            "Session ",
            element("a", { href: `#session/${encodeURIComponent(session)}` }, session)
          )
        ]),
    ...(error === undefined ? [] : [element("p", { class: "bad" }, sentence(error))]),
    ...bar,
    ...timeline(run),
    ...block("Messages", others.length > 0 ? others : undefined, true),
    ...block("Outputs", outputs, true),
    ...block("Error", error, true),
    ...block("Parameters", parameters, false)
  ]
}

export const isGoing = (status) => status === "queued" || status === "running"
export const cancelRun = (id) => change("cancel", paths.cancel.replace(":id", id))
export const cancelButton = (id) =>
  paths.cancel === undefined
    ? ""
    : element("button", { type: "button", class: "small", onclick: () => cancelRun(id) }, "Cancel")
