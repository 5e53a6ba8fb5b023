// The drawings and tables of `docs/architecture.md` and `AGENTS.md`, as Markdown.
import { circlesOf, floorsOf, necessaryArrows } from "./graph.mjs"

const fence = "```"
const id = (name) => name.replace(/\W/g, "_")

/** A Mermaid chart: a box for each floor, the ground at the bottom. */
export const chart = (arrows, label = (name) => name) => {
  const floors = floorsOf(arrows)
  const top = Math.max(0, ...floors.values())
  const boxes = Array.from({ length: top + 1 }, (_, floor) => {
    const names = [...floors].filter(([, at]) => at === floor).map(([name]) => name)
    return [
      `  subgraph floor${floor}["floor ${floor}"]`,
      ...names.sort().map((name) => `    ${id(name)}["${label(name)}"]`),
      "  end"
    ]
  })
  const lines = necessaryArrows(arrows)
    .map(([from, to]) => `  ${id(from)} --> ${id(to)}`)
    .sort()
  return [`${fence}mermaid`, "flowchart TB", ...boxes.reverse().flat(), ...lines, fence].join("\n")
}

/** The floors as text, the highest first, for readers without a renderer of charts. */
export const floorList = (arrows, label = (name) => name) => {
  const floors = floorsOf(arrows)
  const top = Math.max(0, ...floors.values())
  const rows = Array.from({ length: top + 1 }, (_, floor) => {
    const names = [...floors].filter(([, at]) => at === floor).map(([name]) => name)
    return `floor ${floor}  ${names.sort().map(label).join("  ")}`
  })
  return [`${fence}text`, ...rows.reverse(), fence].join("\n")
}

/** The circles of a graph as a sentence, or a sentence that there are none. */
export const circleSentence = (arrows) => {
  const circles = circlesOf(arrows).filter(({ length }) => length > 1)
  return circles.length === 0
    ? "No circle."
    : `Rooms that import each other: ${circles.map((names) => names.join(", ")).join("; ")}.`
}

/** A Markdown table. */
export const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
