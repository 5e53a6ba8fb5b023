/**
 * Reads a command line strictly before it is parsed: options may stand anywhere and take `--name value` or
 * `--name=value`, `--` ends them. What comes out is in the one order the parser reads without guessing.
 */
import * as Either from "effect/Either"
import { UsageError } from "./Failure.js"
import { nearest } from "./Nearest.js"
import type { Flag, Spec } from "./Spec.js"

/** A command line that was read. */
export interface Line {
  /** Names of the command, such as `["secret", "set"]`; empty when only the program itself is asked. */
  readonly path: ReadonlyArray<string>
  /** For the parser. */
  readonly args: ReadonlyArray<string>
  readonly positionals: ReadonlyArray<string>
  readonly json: boolean
  readonly logLevel: string | undefined
  readonly isHelp: boolean
}

/** Reads a command line. */
export const parse = (specs: ReadonlyArray<Spec>, argv: ReadonlyArray<string>): Either.Either<Line, UsageError> => {
  const start = argv.findIndex((token, index) => !token.startsWith("-") && !isValueOfGlobal(argv, index))
  const before = start === -1 ? argv : argv.slice(0, start)
  if (start === -1 || before.some((token) => /^(--help|-h|--version|--completions.*|--wizard)$/.test(token))) {
    const unknown = before.find(
      (token) =>
        !/^(--json|--help|-h|--version|--wizard|--completions(=.*)?|--log-level(=.*)?)$/.test(token) &&
        token.startsWith("-")
    )
    return unknown === undefined
      ? Either.right({
          path: [],
          args: before.filter((token) => token !== "--json"),
          positionals: [],
          json: before.includes("--json"),
          logLevel: undefined,
          isHelp: true
        })
      : Either.left(unknownFlag(unknown, undefined, []))
  }
  const moved = [...argv.slice(start), ...before]
  return Either.flatMap(locate(specs, moved, []), ({ path, rest, spec }) => readLeaf(path, spec, rest))
}

/** The command a line names and what follows it, without reading its options. */
export const commandOf = (
  argv: ReadonlyArray<string>
): { readonly name: string; readonly rest: ReadonlyArray<string> } | undefined => {
  const start = argv.findIndex((token, index) => !token.startsWith("-") && !isValueOfGlobal(argv, index))
  const name = argv[start]
  return name === undefined ? undefined : { name, rest: argv.slice(start + 1) }
}

/** Whether a line asks for JSON, even one that cannot be read. */
export const asksForJson = (argv: ReadonlyArray<string>): boolean => {
  const end = argv.indexOf("--")
  return (end === -1 ? argv : argv.slice(0, end)).some((token) => token === "--json" || token === "--json=true")
}

// internal

const isValueOfGlobal = (argv: ReadonlyArray<string>, index: number): boolean =>
  argv[index - 1] === "--log-level" || argv[index - 1] === "--completions"

interface Located {
  readonly path: ReadonlyArray<string>
  readonly spec: Spec
  readonly rest: ReadonlyArray<string>
}

const locate = (
  specs: ReadonlyArray<Spec>,
  argv: ReadonlyArray<string>,
  path: ReadonlyArray<string>
): Either.Either<Located, UsageError> => {
  const [name, ...rest] = argv
  const spec = specs.find((candidate) => candidate.name === name)
  if (spec === undefined || name === undefined) return Either.left(unknownCommand(name, specs, path))
  if (spec.children.length === 0) return Either.right({ path: [...path, name], spec, rest })
  const next = rest.findIndex((token) => !token.startsWith("-"))
  if (rest.some((token) => token === "--help" || token === "-h") && next === -1) {
    return Either.right({ path: [...path, name], spec: { ...spec, children: [] }, rest: ["--help"] })
  }
  return next === -1
    ? Either.left(unknownCommand(undefined, spec.children, [...path, name]))
    : locate(spec.children, [...rest.slice(next), ...rest.slice(0, next)], [...path, name])
}

const globals: ReadonlyArray<Flag> = [
  { names: ["--help", "-h"], takesValue: false },
  { names: ["--log-level"], takesValue: true },
  { names: ["--wizard"], takesValue: false }
]

interface Reading {
  readonly options: Array<readonly [string, string | undefined]>
  readonly positionals: Array<string>
}

const readLeaf = (
  path: ReadonlyArray<string>,
  spec: Spec,
  tokens: ReadonlyArray<string>
): Either.Either<Line, UsageError> => {
  const reading: Reading = { options: [], positionals: [] }
  const known = [...spec.flags, ...globals]
  let index = 0
  while (index < tokens.length) {
    const token = tokens[index] ?? ""
    if (token === "--") {
      reading.positionals.push(...tokens.slice(index + 1))
      break
    }
    if (!isOption(token)) {
      reading.positionals.push(token)
      index++
      continue
    }
    const taken = readOption(path, known, token, tokens[index + 1])
    if (Either.isLeft(taken)) return Either.left(taken.left)
    reading.options.push(...taken.right.options)
    index += taken.right.consumed
  }
  return Either.right(lineOf(path, reading))
}

const lineOf = (path: ReadonlyArray<string>, { options, positionals }: Reading): Line => {
  const special = new Set(globals.flatMap(({ names }) => names))
  const isHelp = options.some(([name]) => name === "--help" || name === "-h")
  const isWizard = options.some(([name]) => name === "--wizard")
  const own = options.filter(([name]) => !special.has(name))
  const once = own.filter(
    ([name, value], index) => value !== undefined || own.findIndex((one) => one[0] === name) === index
  )
  const flat = once.flatMap(([name, value]) => (value === undefined ? [name] : [name, value]))
  return {
    path,
    args: isHelp
      ? [...path, "--help"]
      : isWizard
        ? [...path, "--wizard"]
        : [...path, ...flat, ...(positionals.length > 0 ? ["--", ...positionals] : [])],
    positionals,
    json: own.some(([name]) => name === "--json"),
    logLevel: options.find(([name]) => name === "--log-level")?.[1],
    isHelp
  }
}

const isOption = (token: string): boolean => token.startsWith("-") && token !== "-" && !/^-\d/.test(token)

interface Taken {
  readonly options: ReadonlyArray<readonly [string, string | undefined]>
  readonly consumed: number
}

const readOption = (
  path: ReadonlyArray<string>,
  known: ReadonlyArray<Flag>,
  token: string,
  next: string | undefined
): Either.Either<Taken, UsageError> => {
  const equals = token.startsWith("--") ? token.indexOf("=") : -1
  const written = equals === -1 ? token : token.slice(0, equals)
  const inline = equals === -1 ? undefined : token.slice(equals + 1)
  const found = find(known, written)
  if (found === undefined) return cluster(path, known, token)
  const name = canonical(found, written)
  if (!found.takesValue) return readSwitch(path, known, name, inline, next)
  if (inline !== undefined) return Either.right({ options: [[name, inline]], consumed: 1 })
  const isFlag = next?.startsWith("--") === true && find(known, next.split("=")[0] ?? "") !== undefined
  return next === undefined || next === "--" || isFlag
    ? Either.left(usage(path, `The option ${written} needs a value.`))
    : Either.right({ options: [[name, next]], consumed: 2 })
}

/** A switch that has an opposite may also be followed by `true` or `false`. */
const readSwitch = (
  path: ReadonlyArray<string>,
  known: ReadonlyArray<Flag>,
  name: string,
  inline: string | undefined,
  next: string | undefined
): Either.Either<Taken, UsageError> => {
  const opposite = `--no-${name.replace(/^-+/, "")}`
  const hasOpposite = find(known, opposite) !== undefined
  const follows = inline === undefined && hasOpposite && (next === "true" || next === "false")
  const value = inline ?? (follows ? next : "true")
  if (value !== "true" && value !== "false") {
    return Either.left(usage(path, `The option ${name} takes no value but true or false.`))
  }
  const options = value === "true" ? [[name, undefined] as const] : hasOpposite ? [[opposite, undefined] as const] : []
  return Either.right({ options, consumed: follows ? 2 : 1 })
}

const find = (known: ReadonlyArray<Flag>, written: string): Flag | undefined =>
  known.find(({ names }) => names.includes(written) || (written.length === 3 && names.includes(written.slice(1))))

/** A field with a name of one letter is written `--x` like any other, which the parser calls `-x`. */
const canonical = ({ names }: Flag, written: string): string => (names.includes(written) ? written : written.slice(1))

const cluster = (
  path: ReadonlyArray<string>,
  known: ReadonlyArray<Flag>,
  token: string
): Either.Either<Taken, UsageError> => {
  const names = /^-[A-Za-z]{2,}$/.test(token) ? Array.from(token.slice(1), (letter) => `-${letter}`) : []
  const all =
    names.length > 0 && names.every((name) => known.some((flag) => !flag.takesValue && flag.names.includes(name)))
  return all
    ? Either.right({ options: names.map((name) => [name, undefined] as const), consumed: 1 })
    : Either.left(unknownFlag(token, path, known))
}

const pointer = (path: ReadonlyArray<string>): string =>
  `\`${["deployers", ...path, "--help"].join(" ")}\` shows how it is used.`

const usage = (path: ReadonlyArray<string>, message: string): UsageError =>
  new UsageError({ message, hint: pointer(path) })

const unknownFlag = (
  token: string,
  path: ReadonlyArray<string> | undefined,
  known: ReadonlyArray<Flag>
): UsageError => {
  const written = token.split("=")[0] ?? token
  const close = nearest(
    written,
    known.flatMap(({ names }) => names)
  )
  const suggestion = close === undefined ? "" : ` Did you mean ${close}?`
  const where = path === undefined || path.length === 0 ? "" : ` of \`${path.join(" ")}\``
  return usage(path ?? [], `There is no option ${written}${where}.${suggestion}`)
}

const unknownCommand = (
  name: string | undefined,
  specs: ReadonlyArray<Spec>,
  path: ReadonlyArray<string>
): UsageError => {
  const names = specs.map((spec) => spec.name)
  if (name === undefined) return usage(path, `Say what to do: ${names.join(", ")}.`)
  const close = nearest(name, names)
  const suggestion = close === undefined ? "" : ` Did you mean ${close}?`
  return usage(path, `There is no command "${[...path, name].join(" ")}".${suggestion}`)
}
