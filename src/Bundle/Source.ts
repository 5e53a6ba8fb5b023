import type { Source } from "./Contract.js"

const identifier = /^(.+)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u

/**
 * Reads `file` or `file#export` of a command line. The text after the last `#` is an export only if it is an identifier, so
 * a file may have a `#` in its name.
 *
 * @category decoding
 * @since 0.1.0
 */
export const parseSource = (text: string): Source => {
  const [, file, name] = identifier.exec(text) ?? []
  return file === undefined || name === undefined ? { file: text } : { file, export: name }
}
