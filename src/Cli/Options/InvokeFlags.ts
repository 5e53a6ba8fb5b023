/** The options of `deployers invoke NAME`, generated from the deployment's input schema. */
import * as Options from "@effect/cli/Options"
import type * as ValidationError from "@effect/cli/ValidationError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import {
  type JsonSchema,
  type Kind,
  kindOf,
  kindsOf,
  literals,
  properties,
  required,
  resolve
} from "../../Client/JsonSchema.js"
import * as JsonText from "../../Internal/JsonText.js"
import * as FileFlag from "./FileFlag.js"
import { faithful, parse, refused } from "./JsonFlag.js"

/**
 * Options of the command itself; a parameter of the same name is written `--param.NAME`.
 *
 * @category constants
 * @since 0.1.0
 */
export const reserved: ReadonlySet<string> = new Set([
  "json",
  "input",
  "run-name",
  "timeout",
  "skip-artifacts",
  "idempotency-key",
  "session",
  "output",
  "async",
  "stream",
  "help",
  "h",
  "version",
  "wizard",
  "completions",
  "log-level"
])

/**
 * A parameter and how it is written.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parameter {
  readonly name: string
  /** Without the dashes. */
  readonly flag: string
  readonly option: Options.Options<Option.Option<readonly [string, unknown]>>
}

/**
 * The parameters an input schema has. A name that cannot be an option, such as one with a space, is left to `--input`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parameters = (schema: JsonSchema): ReadonlyArray<Parameter> => {
  const mandatory = new Set(required(schema))
  return Object.entries(properties(schema))
    .filter(([name]) => /^[^\s=-][^\s=]*$/u.test(name))
    .map(([name, property]) => {
      const flag = reserved.has(name) || /^(no-|param\.)/.test(name) ? `param.${name}` : name
      return { name, flag, option: optionOf(schema, property, name, flag, mandatory.has(name)) }
    })
}

/**
 * All parameters as one option, whose value has those that were given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all = (given: ReadonlyArray<Parameter>): Options.Options<Readonly<Record<string, unknown>>> =>
  given.length === 0
    ? Options.map(Options.none, () => ({}))
    : Options.map(Options.all(given.map(({ option }) => option)), (values) =>
        Object.fromEntries(values.flatMap(Option.toArray))
      )

/**
 * Rewrites `--param.NAME` to the option of that parameter, which works for every parameter.
 *
 * @category parsing
 * @since 0.1.0
 */
export const plainFlags = (given: ReadonlyArray<Parameter>, argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const byPrefixed = new Map(given.map(({ flag, name }) => [`--param.${name}`, `--${flag}`]))
  return argv.map((token) => {
    const equals = token.indexOf("=")
    const written = equals === -1 ? token : token.slice(0, equals)
    const flag = byPrefixed.get(written)
    return flag === undefined ? token : `${flag}${equals === -1 ? "" : token.slice(equals)}`
  })
}

// internal

const optionOf = (
  root: JsonSchema,
  property: JsonSchema,
  name: string,
  flag: string,
  isRequired: boolean
): Parameter["option"] => {
  const description = describe(resolve(root, property), isRequired)
  const option = optionally(root, property, flag, description)
  return Options.map(
    option,
    Option.map((value): readonly [string, unknown] => [name, value])
  )
}

const optionally = (
  root: JsonSchema,
  property: JsonSchema,
  flag: string,
  description: string
): Options.Options<Option.Option<unknown>> => {
  const kinds = kindsOf(root, property)
  if (kinds.size === 1 && kinds.has("boolean") && literals(root, property) === undefined) {
    return boolean(flag, description)
  }
  const { items } = resolve(root, property)
  if (Predicate.isReadonlyRecord(items) && isFile(resolve(root, items))) {
    return Options.map(
      Options.withDescription(FileFlag.several(flag), description),
      Option.liftPredicate((files) => files.length > 0)
    )
  }
  return Options.optional(Options.withDescription(typed(root, property, flag), description))
}

const typed = (root: JsonSchema, property: JsonSchema, flag: string): Options.Options<unknown> => {
  const schema = resolve(root, property)
  if (isFile(schema)) return FileFlag.one(flag)
  const listed = literals(root, property)
  if (listed?.every(Predicate.isString)) return Options.choice(flag, listed)
  const kinds = kindsOf(root, property)
  const only = [...kinds].filter((kind) => kind !== "null")
  if (only.length === 1 && kinds.size === 1) return single(root, property, flag, only[0] ?? "string")
  return kinds.has("string") ? textOrJson(flag, kinds) : json(flag, kinds)
}

const single = (root: JsonSchema, property: JsonSchema, flag: string, kind: Kind): Options.Options<unknown> => {
  switch (kind) {
    case "string":
      return Options.text(flag)
    case "number":
      return number(flag, resolve(root, property)["type"] === "integer" ? "integer" : "float")
    default:
      return json(flag, new Set([kind]))
  }
}

const isFile = (schema: JsonSchema): boolean => Predicate.isReadonlyRecord(schema["x-file"])

/** Left out, true and false are three things. */
const boolean = (flag: string, description: string): Options.Options<Option.Option<boolean>> =>
  Options.map(
    Options.all([
      Options.withDescription(Options.boolean(flag), description),
      Options.withDescription(Options.boolean(`no-${flag}`), `The opposite of --${flag}.`)
    ]),
    ([yes, no]) => (yes || no ? Option.some(yes) : Option.none())
  )

/** A number in decimal digits. `Number` would also read hexadecimal digits, spaces and `Infinity`. */
const number = (flag: string, kind: "integer" | "float"): Options.Options<number> =>
  Options.text(flag).pipe(
    Options.withPseudoName(kind),
    Options.mapEffect((text) => {
      const literal = text.replace(/^\+/, "").replace(/^(-?)(?=\.)/, "$10")
      const value = /^-?\d+\.?\d*(e[+-]?\d+)?$/i.test(literal) ? Number(literal) : Number.NaN
      const isOfKind = kind === "float" || Number.isInteger(value) || !Number.isFinite(value)
      return Number.isNaN(value) || !isOfKind
        ? refused(`Give --${flag} as ${kind === "integer" ? "a whole number" : "a number"}.`)
        : faithful(flag, literal, value)
    })
  )

const json = (flag: string, kinds: ReadonlySet<Kind>): Options.Options<unknown> =>
  Options.text(flag).pipe(
    Options.withPseudoName("json"),
    Options.mapEffect((text) => {
      const value = parse(text)
      const kind = kindOf(value)
      return kind !== undefined && kinds.has(kind)
        ? faithful(flag, text, value)
        : refused(`Give --${flag} as JSON: ${[...kinds].join(" or ")}.`)
    })
  )

/** Text that is not JSON of another admitted kind is the string it is, as is a number that JavaScript would change. */
const textOrJson = (flag: string, kinds: ReadonlySet<Kind>): Options.Options<unknown> =>
  Options.text(flag).pipe(
    Options.mapEffect((text): Either.Either<unknown, ValidationError.ValidationError> => {
      const value = parse(text)
      const kind = kindOf(value)
      if (kind === undefined || kind === "string" || !kinds.has(kind)) return Either.right(text)
      return kind === "number" && JsonText.firstProblem(text, value) !== undefined
        ? Either.right(text)
        : faithful(flag, text, value)
    })
  )

const describe = (schema: JsonSchema, isRequired: boolean): string => {
  const { default: fallback, description } = schema
  const text = typeof description === "string" ? `${description.replace(/\.?$/, ".")} ` : ""
  const given = fallback === undefined ? "" : ` Default: ${JSON.stringify(fallback)}.`
  return `${text}${isRequired ? "(required)" : "(optional)"}${given}`
}
