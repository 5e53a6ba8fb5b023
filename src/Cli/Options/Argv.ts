/**
 * A strict reading of the command line before the parser sees it: options stand anywhere, as `--name value` or
 * `--name=value`, and `--` ends them. The result is in the one order that the parser reads without a guess.
 */
import * as Either from "effect/Either"
import { UsageError } from "../Failure.js"
import type { Flag, Spec } from "./Spec.js"

/** A command line that was read. */
export interface Line {
  /** Names of the command, such as `["secret", "set"]`; empty for the program itself. */
  readonly path: ReadonlyArray<string>
  /** The line for the parser. */
  readonly args: ReadonlyArray<string>
  readonly positionals: ReadonlyArray<string>
  readonly logLevel: string | undefined
  readonly isHelp: boolean
  /** The options with a value that is none of their choices. */
  readonly misfits: ReadonlyArray<{ readonly name: string; readonly choices: ReadonlyArray<string> }>
}

/** Reads a command line. Fails with the first command or option that does not exist, or that lacks its value. */
export const parse = (specs: ReadonlyArray<Spec>, argv: ReadonlyArray<string>): Either.Either<Line, UsageError> => {
  const { after, before } = split(argv)
  return after.length === 0 || before.some((token) => /^(--help|-h|--version|--completions.*|--wizard)$/.test(token))
    ? readProgram(before)
    : Either.flatMap(locate(specs, withOptions(after, before), []), readCommand)
}

/**
 * The first argument of a command whose options are not all known yet: `weather` in `invoke --json weather --city Oslo`.
 * An unknown option before it hides it, because the next word may be the value of the option.
 */
export const firstArgument = ({ flags, name }: Spec, argv: ReadonlyArray<string>): string | undefined => {
  const [command, ...rest] = split(argv).after
  const known = [...flags, ...globals]
  const takesNext = (token = "") => find(known, token)?.takesValue === true
  const isUnknown = (token: string) => !isOption(token) || find(known, separate(token)[0]) === undefined
  const at = rest.findIndex((token, index) => !takesNext(rest[index - 1]) && isUnknown(token))
  const first = rest[at] === "--" ? rest[at + 1] : rest[at]
  return command === name && first !== undefined && (rest[at] === "--" || !isOption(first)) ? first : undefined
}

/** True when a line asks for JSON, even a line that cannot be read. */
export const asksForJson = (argv: ReadonlyArray<string>): boolean =>
  argv.slice(0, endOfOptions(argv)).some((token) => token === "--json" || token === "--json=true")

/** The value of an option that can be repeated, as it was given. */
export const unshield = (value: string): string => (value.startsWith(guard) ? value.slice(1, -1) : value)

// internal

/** No argument of a process contains this character. */
const guard = "\0"

/** Of an option that can be repeated, the parser drops empty values and trims the others. */
const shield = (value: string): string => (value.trim() === value && value !== "" ? value : `${guard}${value}${guard}`)

const globals: ReadonlyArray<Flag> = [
  { names: ["--help", "-h"], takesValue: false },
  { names: ["--log-level"], takesValue: true },
  { names: ["--wizard"], takesValue: false }
]

const endOfOptions = (argv: ReadonlyArray<string>): number => {
  const end = argv.indexOf("--")
  return end === -1 ? argv.length : end
}

/** The options before the first word that is not an option, and the line from that word on. */
const split = (argv: ReadonlyArray<string>) => {
  const isWord = (token: string, index: number) =>
    !token.startsWith("-") && !/^--(log-level|completions)$/.test(argv[index - 1] ?? "")
  const start = argv.findIndex(isWord)
  return start === -1 ? { before: argv, after: [] } : { before: argv.slice(0, start), after: argv.slice(start) }
}

const withOptions = (argv: ReadonlyArray<string>, options: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = endOfOptions(argv)
  return [...argv.slice(0, end), ...options, ...argv.slice(end)]
}

const readProgram = (options: ReadonlyArray<string>): Either.Either<Line, UsageError> => {
  const known = /^(--json|--help|-h|--version|--wizard|--completions(=.*)?|--log-level(=.*)?)$/
  const unknown = options.find((token) => token.startsWith("-") && !known.test(token))
  return unknown === undefined
    ? Either.right({
        path: [],
        args: options.filter((token) => token !== "--json"),
        positionals: [],
        logLevel: undefined,
        isHelp: true,
        misfits: []
      })
    : Either.left(unknownOption(unknown, [], []))
}

interface Located {
  readonly path: ReadonlyArray<string>
  readonly spec: Spec
  readonly rest: ReadonlyArray<string>
}

const locate = (
  specs: ReadonlyArray<Spec>,
  [name, ...rest]: ReadonlyArray<string>,
  parents: ReadonlyArray<string>
): Either.Either<Located, UsageError> => {
  const spec = specs.find((candidate) => candidate.name === name)
  if (spec === undefined) return Either.left(unknownCommand(name, specs, parents))
  const path = [...parents, spec.name]
  const { after, before } = split(rest)
  if (spec.children.length === 0 || (after.length === 0 && before.some((token) => /^(--help|-h)$/.test(token)))) {
    return Either.right({ path, spec, rest })
  }
  return locate(spec.children, withOptions(after, before), path)
}

const isOption = (token: string): boolean => token.startsWith("-") && token !== "-" && !/^-\d/.test(token)

/** A field with a name of one letter is written `--x` like any other; the parser calls it `-x`. */
const find = (known: ReadonlyArray<Flag>, written: string): (Flag & { readonly name: string }) | undefined => {
  for (const name of written.length === 3 ? [written, written.slice(1)] : [written]) {
    const flag = known.find(({ names }) => names.includes(name))
    if (flag !== undefined) return { ...flag, name }
  }
  return undefined
}

const separate = (token: string): readonly [written: string, inline: string | undefined] => {
  const equals = token.startsWith("--") ? token.indexOf("=") : -1
  return equals === -1 ? [token, undefined] : [token.slice(0, equals), token.slice(equals + 1)]
}

type Given = readonly [name: string, value?: string]

const readCommand = ({ path, rest, spec }: Located): Either.Either<Line, UsageError> =>
  Either.gen(function* () {
    const known = [...spec.flags, ...globals]
    const end = endOfOptions(rest)
    const given: Array<Given> = []
    const positionals: Array<string> = []
    for (let index = 0; index < end; index++) {
      const token = rest[index] ?? ""
      const [written, inline] = separate(token)
      const flag = find(known, written)
      const next = index + 1 < end ? rest[index + 1] : undefined
      if (!isOption(token)) positionals.push(token)
      else if (flag === undefined) given.push(...(yield* readCluster(path, known, token)))
      else if (flag.takesValue) {
        const value = yield* readValue(path, known, written, inline ?? next, inline === undefined)
        given.push([flag.name, flag.repeats === true ? shield(value) : value])
        if (inline === undefined) index++
      } else {
        const opposite = find(known, `--no-${flag.name.replace(/^-+/, "")}`)?.name
        const isNext = inline === undefined && opposite !== undefined && (next === "true" || next === "false")
        given.push(...(yield* readSwitch(path, flag.name, opposite, inline ?? (isNext ? next : "true"))))
        if (isNext) index++
      }
    }
    return { ...lineOf(path, given, [...positionals, ...rest.slice(end + 1)]), misfits: misfitsOf(known, given) }
  })

const misfitsOf = (known: ReadonlyArray<Flag>, given: ReadonlyArray<Given>): Line["misfits"] =>
  given.flatMap(([name, value = ""]) => {
    const choices = find(known, name)?.choices
    return choices === undefined || choices.includes(value) ? [] : [{ name, choices }]
  })

const readValue = (
  path: ReadonlyArray<string>,
  known: ReadonlyArray<Flag>,
  written: string,
  value: string | undefined,
  isNext: boolean
): Either.Either<string, UsageError> => {
  const isFlag = isNext && value?.startsWith("--") === true && find(known, separate(value)[0]) !== undefined
  return value === undefined || isFlag
    ? Either.left(usage(path, `The option ${written} needs a value.`))
    : Either.right(value)
}

/** A switch that has an opposite takes `true` or `false`, also as the next word. */
const readSwitch = (
  path: ReadonlyArray<string>,
  name: string,
  opposite: string | undefined,
  value: string | undefined
): Either.Either<ReadonlyArray<Given>, UsageError> => {
  if (value === "true") return Either.right([[name]])
  if (value === "false") return Either.right(opposite === undefined ? [] : [[opposite]])
  return Either.left(usage(path, `The option ${name} takes no value other than true or false.`))
}

/** Several switches of one letter behind one dash. */
const readCluster = (
  path: ReadonlyArray<string>,
  known: ReadonlyArray<Flag>,
  token: string
): Either.Either<ReadonlyArray<Given>, UsageError> => {
  const names = /^-[A-Za-z]{2,}$/.test(token) ? Array.from(token.slice(1), (letter) => `-${letter}`) : []
  return names.length > 0 && names.every((name) => find(known, name)?.takesValue === false)
    ? Either.right(names.map((name): Given => [name]))
    : Either.left(unknownOption(token, path, known))
}

const lineOf = (
  path: ReadonlyArray<string>,
  given: ReadonlyArray<Given>,
  positionals: ReadonlyArray<string>
): Omit<Line, "misfits"> => {
  const has = (...names: ReadonlyArray<string>) => given.some(([name]) => names.includes(name))
  const isHelp = has("--help", "-h")
  const own = given.filter(([name]) => find(globals, name) === undefined)
  const flat = own.filter(
    ([name, value], index) => value !== undefined || own.findIndex((one) => one[0] === name) === index
  )
  const words = flat.flatMap(([name, value]) => (value === undefined ? [name] : [name, value]))
  const line = [...words, ...(positionals.length > 0 ? ["--", ...positionals] : [])]
  return {
    path,
    args: [...path, ...(isHelp ? ["--help"] : has("--wizard") ? ["--wizard"] : line)],
    positionals,
    logLevel: given.find(([name]) => name === "--log-level")?.[1],
    isHelp
  }
}

const usage = (path: ReadonlyArray<string>, message: string): UsageError =>
  new UsageError({ message, hint: `\`${["deployers", ...path, "--help"].join(" ")}\` shows the usage.` })

const meant = (word: string, candidates: ReadonlyArray<string>): string => {
  const close = nearest(word, candidates)
  return close === undefined ? "" : ` Did you mean ${close}?`
}

const unknownOption = (token: string, path: ReadonlyArray<string>, known: ReadonlyArray<Flag>): UsageError => {
  const written = token.split("=")[0] ?? token
  const names = known.flatMap((flag) => flag.names)
  const command = path.length === 0 ? "" : ` of \`${path.join(" ")}\``
  return usage(path, `There is no option ${written}${command}.${meant(written, names)}`)
}

const unknownCommand = (
  name: string | undefined,
  specs: ReadonlyArray<Spec>,
  path: ReadonlyArray<string>
): UsageError => {
  const names = specs.map((spec) => spec.name)
  return name === undefined
    ? usage(path, `The command is missing. Use one of ${names.join(", ")}.`)
    : usage(path, `There is no command "${[...path, name].join(" ")}".${meant(name, names)}`)
}

/** The candidate that is spelled most like a word, if one is close enough. */
const nearest = (word: string, candidates: ReadonlyArray<string>): string | undefined => {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: levenshtein(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}

const levenshtein = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current[j] = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution)
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
