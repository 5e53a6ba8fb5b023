// The outputs and messages of a run: text that grows, a bar for its progress, and everything else as JSON.

import { element, pretty } from "../shared/elements.js"

const names = ["text", "token", "delta", "content"]

/** The text of a part: itself, or its only member of a name that models use. */
const textOf = (part) => {
  if (typeof part === "string") return part
  const [[name, value] = [], ...others] = part !== null && typeof part === "object" ? Object.entries(part) : []
  return others.length === 0 && names.includes(name) && typeof value === "string" ? value : undefined
}

/** The share that a part reports as done, from 0 to 1. */
const shareOf = (part) => {
  const { percent, progress } = part ?? {}
  const share = typeof percent === "number" ? percent / 100 : progress
  return typeof share === "number" && share >= 0 && share <= 1 ? share : undefined
}

/** The node for the parts of a list, in their order. */
export const partsNode = (parts) => {
  const texts = parts.map(textOf)
  return parts.length > 1 && texts.every((text) => text !== undefined)
    ? element("pre", { class: "prose", tabindex: "0" }, texts.join(""))
    : element("pre", { tabindex: "0" }, pretty(parts))
}

/** A bar for the latest progress among messages, and the messages that report none. */
export const progressOf = (messages) => {
  const shares = messages.map(shareOf)
  const share = shares.findLast((it) => it !== undefined)
  return {
    bar:
      share === undefined
        ? []
        : [element("progress", { max: "1", value: share, "aria-label": "Progress" }, `${Math.round(100 * share)} %`)],
    others: messages.filter((message, i) => shares[i] === undefined || Object.keys(message).length > 1)
  }
}
