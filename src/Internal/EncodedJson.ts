/** JSON as text that is written once and goes into records and answers as it is. */

/**
 * A JSON value kept as its text. It cannot change with the value it was made from, which user code may still hold, and
 * `JSON.stringify` of what contains it gives the same as with the value itself.
 */
export class EncodedJson {
  constructor(readonly text: string) {}

  /** The value of the text. */
  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** The text of an object of such values. Throws what `JSON.stringify` throws. */
export const objectText = (members: Readonly<Record<string, unknown>>): string => {
  let all = ""
  // Joining a list would copy texts of many megabytes, which adding them to a text does not.
  for (const name in members) {
    const text = textOf(members[name])
    if (text !== undefined) all += `${all === "" ? "" : ","}${JSON.stringify(name)}:${text}`
  }
  return `{${all}}`
}

/** The text of a value, `undefined` for what JSON leaves out. Throws what `JSON.stringify` throws. */
export const textOf = (value: unknown): string | undefined =>
  value instanceof EncodedJson ? value.text : JSON.stringify(value)

/**
 * Encodes a value now; `undefined` stays `undefined`, because JSON has no text for it. Throws what `JSON.stringify` throws.
 */
export const encode = (value: unknown): EncodedJson | undefined => {
  const text = textOf(value)
  return text === undefined ? undefined : new EncodedJson(text)
}
