/** Tables of commands: aligned columns that fit a terminal. */
import * as Render from "./Render.js"

/** The space of a table. */
export interface Fit {
  /** The width of the terminal in characters; none if lines may have any length. */
  readonly columns: number | undefined
  /** The headings of columns that are left out of a table that is too wide, the first one first. */
  readonly giveWay: ReadonlyArray<string>
}

/**
 * Aligned columns under their headings. Cells are cleaned; a column named `STATUS` is coloured. In a narrow terminal columns
 * give way, and the last one is cut if that is not enough.
 */
export const draw = (
  hasColor: boolean,
  headings: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  fit?: Fit
): string => {
  const cleaned = rows.map((row) => row.map(Render.clean))
  return fit === undefined || fit.columns === undefined
    ? aligned(hasColor, headings, cleaned)
    : fitted(hasColor, headings, cleaned, fit.columns, fit.giveWay)
}

// internal

const gap = "  "
const shortestCell = 8

const fitted = (
  hasColor: boolean,
  headings: ReadonlyArray<string>,
  cells: ReadonlyArray<ReadonlyArray<string>>,
  columns: number,
  giveWay: ReadonlyArray<string>
): string => {
  const widths = widthsOf(headings, cells)
  const total = widths.reduce((sum, each) => sum + each + gap.length, -gap.length)
  const dropped = total <= columns ? undefined : giveWay.find((heading) => headings.includes(heading))
  if (dropped !== undefined) {
    const at = headings.indexOf(dropped)
    const without = <A>(row: ReadonlyArray<A>) => row.filter((_, column) => column !== at)
    return fitted(hasColor, without(headings), cells.map(without), columns, giveWay)
  }
  const last = headings.length - 1
  const room = columns - (total - (widths[last] ?? 0))
  return total <= columns || room < shortestCell
    ? aligned(hasColor, headings, cells)
    : aligned(
        hasColor,
        headings,
        cells.map((row) => row.map((cell, column) => (column === last ? cut(cell, room) : cell)))
      )
}

/** Text that has at most a number of characters, with a mark where it is cut. */
const cut = (text: string, room: number): string => {
  if (Render.width(text) <= room) return text
  let taken = ""
  for (const character of text) {
    if (Render.width(taken + character) >= room) break
    taken += character
  }
  return `${taken}…`
}

const widthsOf = (headings: ReadonlyArray<string>, cells: ReadonlyArray<ReadonlyArray<string>>) =>
  headings.map((heading, column) =>
    cells.reduce((widest, row) => Math.max(widest, Render.width(row[column] ?? "")), Render.width(heading))
  )

const aligned = (
  hasColor: boolean,
  headings: ReadonlyArray<string>,
  cells: ReadonlyArray<ReadonlyArray<string>>
): string => {
  const widths = widthsOf(headings, cells)
  const line = (row: ReadonlyArray<string>, style: (column: number, text: string) => string) =>
    row
      .map((cell, column) => {
        const padding = column === row.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - Render.width(cell))
        return `${style(column, cell)}${padding}`
      })
      .join(gap)
      .trimEnd()
  return [
    line(headings, (_, text) => Render.paint(hasColor, "bold", text)),
    ...cells.map((row) =>
      line(row, (column, text) =>
        headings[column] === "STATUS" ? Render.paint(hasColor, Render.statusStyle(text), text) : text
      )
    )
  ].join("\n")
}
