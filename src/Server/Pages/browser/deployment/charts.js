// Charts of the metrics since the page was opened, of the last three minutes at most.

import uPlot from "uplot"
import { element } from "../shared/elements.js"
import { statuses } from "./runs.js"
import { $, ask, locked, poll, refusal, say } from "./service.js"

const mostMillis = 180000
const colours = ["running", "interrupted"]
const height = 120
let before
const prefix = "deployers_"
const bucket = `${prefix}run_duration_seconds_bucket{le="`

/** The samples of a Prometheus text by name and labels. */
const parse = (text) =>
  Object.fromEntries([...text.matchAll(/^(\w+(?:\{.*?\})?) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]))

/** The growth of a counter. A counter that is lower than before started again from 0. */
const grown = (now, name) => (now[name] ?? 0) - (now[name] >= before[name] ? before[name] : 0)
const rate = (status) => (now, seconds) => before && grown(now, `${prefix}runs_total{status="${status}"}`) / seconds
const gauge =
  (name, per = 1) =>
  (now) =>
    now[prefix + name] / per

/** A quantile of the runs that ended since the last poll, in milliseconds, between the bounds of its bucket. */
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

const dashes = [[], [6, 4], [2, 4]]
const clock = (_, times) => times.map((at) => new Date(1000 * at).toTimeString().slice(0, 8))

/** Adds a chart and returns the function that draws it with the current measures. */
const chart = (title, unit, lines) => {
  const xs = []
  const series = lines.map(([name, measure], i) => {
    const key = element("i", { class: `key k${i} ${lines.length > 2 ? name : colours[i]}`, "aria-hidden": "true" })
    return { name, measure, ys: [], key, value: element("span") }
  })
  const plot = element("div", { class: "plot", role: "img", "aria-label": `${title} ${unit}, the last minutes` })
  const legend = series.map(({ key, name, value }) => element("span", {}, key, `${name} `, value))
  $("charts").append(
    element(
      "figure",
      {},
      element("figcaption", {}, title, element("span", { class: "muted" }, ` ${unit}`)),
      plot,
      element("p", { class: "legend" }, ...legend)
    )
  )
  const colour = () => getComputedStyle(plot).color
  const faint = () => getComputedStyle(plot).borderColor
  const axis = { font: "11px system-ui", stroke: colour, grid: { stroke: faint, width: 1 }, ticks: { show: false } }
  /** The values at the pointer, or the latest. */
  const showValues = ({ cursor }) => {
    for (const { value, ys } of series) value.textContent = short(ys[cursor.idx ?? ys.length - 1] ?? undefined)
  }
  const drawing = new uPlot(
    {
      width: plot.clientWidth || 1,
      height,
      legend: { show: false },
      padding: [6, 6, 0, 0],
      cursor: { y: false, drag: { x: false }, sync: { key: "live" } },
      scales: {
        x: { range: (_, from, to) => [Math.min(from, to - 30), to] },
        y: { range: (_, _least, most) => [0, 1.1 * (most || 1)] }
      },
      axes: [
        { ...axis, space: 90, size: 24, gap: 6, values: clock, grid: { show: false } },
        { ...axis, space: 28, size: 44, gap: 4, values: (_, values) => values.map(short) }
      ],
      series: [
        {},
        ...series.map(({ key }, i) => {
          const colour = () => getComputedStyle(key).color
          return { stroke: colour, width: 2, dash: dashes[i], points: { size: 5, fill: colour } }
        })
      ],
      hooks: { setCursor: [showValues] }
    },
    [xs, ...series.map(({ ys }) => ys)],
    plot
  )
  new ResizeObserver(() => drawing.setSize({ width: plot.clientWidth || 1, height })).observe(plot)
  return (at, now, seconds) => {
    xs.push(at / 1000)
    for (const { measure, ys } of series) ys.push(measure(now, seconds) ?? null)
    while (1000 * xs[0] < at - mostMillis) for (const values of [xs, ...series.map(({ ys }) => ys)]) values.shift()
    drawing.setData([xs, ...series.map(({ ys }) => ys)])
    showValues(drawing)
  }
}

/** Draws the charts every two seconds and passes on the number of workers. */
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
      if (locked("metrics")) return say("chartsSaid", "The charts need the key.")
      const response = await ask("metrics")
      if (!response.ok) throw refusal(response)
      const now = parse(await response.text())
      const at = Date.now()
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
