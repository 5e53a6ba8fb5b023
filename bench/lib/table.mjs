// Text tables.

const width = (rows, column) => Math.max(...rows.map((row) => row[column].length))

/** A table with its first column left and all others right. */
export const table = (head, body) => {
  const rows = [head, ...body].map((row) => row.map((cell) => String(cell ?? "")))
  const widths = head.map((_, column) => width(rows, column))
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  ")
  )
  return [lines[0], widths.map((each) => "-".repeat(each)).join("  "), ...lines.slice(1)].join("\n")
}

/** A number for people: three digits that count. */
export const show = (value) => {
  if (value === undefined || value === null || Number.isNaN(value)) return "-"
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en")
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}
