// Charts of what the metrics say, from the moment the page was opened, of three minutes at most.

import { element, svg } from "../shared/elements.js"
import { statuses } from "./runs.js"
import { $, ask, locked, poll, refusal, say } from "./service.js"

const mostMillis = 180000
const colours = ["running", "interrupted"]
const width = 300
const height = 80
let before
const prefix = "deployers_"
const bucket = `${prefix}run_duration_seconds_bucket{le="`

/** The samples of a Prometheus text by name and labels. */
const parse = (text) =>
  Object.fromEntries([...text.matchAll(/^(\w+(?:\{.*?\})?) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]))

/** How much a counter grew; one that is lower than before has begun anew. */
const grown = (now, name) => (now[name] ?? 0) - (now[name] >= before[name] ? before[name] : 0)
const rate = (status) => (now, seconds) => before && grown(now, `${prefix}runs_total{status="${status}"}`) / seconds
const gauge =
  (name, per = 1) =>
  (now) =>
    now[prefix + name] / per

/** A quantile of the runs that ended since the last look, in milliseconds, between the bounds of its bucket. */
const quantile = (q) => (now) => {
  const bounds = before ? Object.keys(now).filter((name) => name.startsWith(bucket)) : []
  const counts = bounds.map((name) => grown(now, name))
  const rank = q * (counts.at(-1) ?? 0)
  if (rank === 0) return undefined
  const at = counts.findIndex((count) => count >= rank)
  const bound = (i) => (i < 0 ? 0 : 1000 * parseFloat(bounds[i].slice(bucket.length)))
  const [low, high, under] = [bound(at - 1), bound(at), counts[at - 1] ?? 0]
  return Number.isNaN(high) ? low : low + ((high - low) * (rank - under)) / (counts[at] - under)
}

const short = (n) => (n === undefined ? "-" : n >= 1000 ? Math.round(n).toLocaleString() : String(+n.toPrecision(3)))

/** Adds a chart, and answers how to draw it with what was measured now. */
const chart = (title, unit, lines) => {
  const series = lines.map(([name, measure], i) => {
    const look = `line l${i} ${lines.length > 2 ? name : colours[i]}`
    return { name, measure, look, points: [], value: element("span"), line: svg("path", { class: look }) }
  })
  const top = element("span", { class: "top muted" })
  const drawing = svg(
    "svg",
    {
      viewBox: "-2 -3 304 86",
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `${title} ${unit}, the last minutes`
    },
    svg("path", { class: "grid", d: "M0 0H300M0 40H300M0 80H300" }),
    ...series.map(({ line }) => line)
  )
  $("charts").append(
    element(
      "figure",
      {},
      element("figcaption", {}, title, element("span", { class: "muted" }, ` ${unit}`)),
      element("div", { class: "plot" }, top, drawing),
      element(
        "p",
        { class: "legend" },
        ...series.map(({ look, name, value }) =>
          element(
            "span",
            {},
            svg("svg", { viewBox: "0 0 20 4", "aria-hidden": "true" }, svg("path", { class: look, d: "M1 2H19" })),
            `${name} `,
            value
          )
        )
      )
    )
  )
  return (at, now, seconds) => {
    for (const { measure, points, value } of series) {
      const y = measure(now, seconds)
      points.push({ at, y })
      while (points[0].at < at - mostMillis) points.shift()
      value.textContent = short(y)
    }
    const shown = Math.max(30000, at - series[0].points[0].at)
    const highest = Math.max(0, ...series.flatMap(({ points }) => points.map(({ y }) => y ?? 0)))
    const size = 10 ** Math.floor(Math.log10(highest || 1))
    const most = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= highest)
    top.textContent = short(most)
    for (const { line, points } of series) {
      const places = points.map(({ at: then, y }, i) => {
        if (y === undefined) return ""
        const place = `${(width * (1 - (at - then) / shown)).toFixed(1)} ${(height * (1 - y / most)).toFixed(1)}`
        return points[i - 1]?.y === undefined ? `M${place}h.1` : `L${place}`
      })
      line.setAttribute("d", places.join(""))
    }
  }
}

/** Draws, and tells how many workers there are. */
export const startCharts = (showWorkers) => {
  const all = [
    chart(
      "Runs",
      "per second",
      statuses.slice(2).map((status) => [status, rate(status)])
    ),
    chart("Latency", "ms", [
      ["p50", quantile(0.5)],
      ["p95", quantile(0.95)]
    ]),
    chart("Load", "runs", [
      ["in flight", gauge("runs_in_flight")],
      ["queued", gauge("runs_queued")]
    ]),
    chart("Memory", "MB", [
      ["resident", gauge("process_resident_memory_bytes", 1e6)],
      ["heap", gauge("process_heap_used_bytes", 1e6)]
    ])
  ]
  let last
  poll(
    async () => {
      $("charts").hidden = locked("metrics")
      if (locked("metrics")) return say("chartsSaid", "The charts are shown when the key is given.")
      const response = await ask("metrics")
      if (!response.ok) throw refusal(response)
      const now = parse(await response.text())
      const at = performance.now()
      for (const draw of all) draw(at, now, (at - last) / 1000)
      before = now
      last = at
      say("chartsSaid", "")
      showWorkers(now[`${prefix}workers`])
    },
    2000,
    "chartsSaid"
  )
}
