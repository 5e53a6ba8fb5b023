/** A block of lines in a file of the user, between two lines by which it is found again. */

const first = "# >>> effect-deployers completions >>>"
const last = "# <<< effect-deployers completions <<<"

/** The text with the block: in the place of a former one, else at the end. */
export const withBlock = (text: string, lines: ReadonlyArray<string>): string => {
  const block = [first, ...lines, last].join("\n")
  const found = find(text)
  if (found !== undefined) return `${text.slice(0, found.from)}${block}${text.slice(found.to)}`
  const before = text === "" || text.endsWith("\n") ? text : `${text}\n`
  return `${before}${block}\n`
}

/** The text without the block and its line end; a text without a block is returned as it is. */
export const withoutBlock = (text: string): string => {
  const found = find(text)
  return found === undefined ? text : `${text.slice(0, found.from)}${text.slice(found.to).replace(/^\n/, "")}`
}

// internal

const find = (text: string): { readonly from: number; readonly to: number } | undefined => {
  const from = text.indexOf(first)
  const end = from === -1 ? -1 : text.indexOf(last, from)
  return end === -1 ? undefined : { from, to: end + last.length }
}
