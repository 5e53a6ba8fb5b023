// Durations and statuses as text.

import { element } from "../shared/elements.js"

/** A duration with its significant digits. */
export const millis = (n) => {
  if (n === undefined) return ""
  if (n < 10) return `${+n.toFixed(2)} ms`
  if (n < 1000) return `${Math.round(n)} ms`
  return n < 60_000 ? `${(n / 1000).toFixed(2)} s` : span(n)
}

/** A long duration in its two largest units. */
export const span = (n) => {
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"]
  ]
  const largest = units.findIndex(([size]) => n >= size)
  if (largest === -1) return "0 s"
  const [[first, unit], second] = units.slice(largest)
  const rest = second === undefined ? "" : ` ${Math.floor((n % first) / second[0])} ${second[1]}`
  return `${Math.floor(n / first)} ${unit}${rest}`
}

export const badge = (status, cause) =>
  element("span", { class: `badge ${status}` }, cause ? `${status}: ${cause}` : status)
