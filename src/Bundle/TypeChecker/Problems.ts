/** The output of TypeScript's compiler, without colours. */
import * as Path from "node:path"
import type { TypeProblem } from "../../Errors/PipelineTypes.js"

/** The errors of a compiler's output. */
export interface Output {
  /** Errors in files that are no declarations and no parts of packages. */
  readonly problems: ReadonlyArray<TypeProblem>
  /** Errors of the settings, such as an option that the compiler does not know. */
  readonly general: ReadonlyArray<string>
}

/** Reads an output whose paths are relative to `folder`. Indented lines continue the message above them. */
export const parse = (output: string, folder: string): Output => {
  const problems: Array<TypeProblem> = []
  const general: Array<string> = []
  let add = (_line: string): void => {}
  for (const line of output.split(/\r?\n/)) {
    const [, file, row, column, code, message = ""] = inFile.exec(line) ?? []
    const [, generalText] = withoutFile.exec(line) ?? []
    if (file !== undefined && code !== undefined) {
      const path = Path.resolve(folder, file)
      const at = problems.length
      const isOwn = isSource(path)
      if (isSettings(path)) general.push(`${code}: ${message}`)
      if (isOwn) problems.push({ location: `${path}:${row}:${column}`, code, message })
      add = (more) => {
        const problem = problems[at]
        if (isOwn && problem !== undefined) problems[at] = { ...problem, message: `${problem.message}\n    ${more}` }
      }
    } else if (generalText !== undefined) {
      general.push(generalText)
      add = () => {}
    } else if (/^\s+\S/.test(line)) add(line.trim())
  }
  return { problems, general }
}

// internal

const inFile = /^(\S.*)\((\d+),(\d+)\): error (TS\d+): (.*)$/
const withoutFile = /^error (TS\d+: .*)$/

const isSettings = (file: string): boolean => file.endsWith(".json")

const isSource = (file: string): boolean =>
  !isSettings(file) && !/[\\/]node_modules[\\/]/.test(file) && !/\.d\.[cm]?ts$|\.d\.[^.]+\.ts$/.test(file)
