/**
 * The problems of a value, as a list of paths and reasons. They never repeat the value: it may be a secret, and answers end
 * up in logs.
 */
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { InvalidRequest } from "../../Contract/Errors.js"
import { formatIssues, type Issue } from "../../Errors/Issue.js"
import type * as StrictJson from "../../Internal/StrictJson.js"

/**
 * The problems in a parse issue.
 *
 * @param prefix Property names in front of every path.
 */
export const fromParseIssue = (
  issue: ParseResult.ParseIssue,
  prefix: ReadonlyArray<PropertyKey> = []
): ReadonlyArray<Issue> => {
  const seen = new Set<string>()
  return collect(issue, prefix, "plain").filter(({ path, reason }) => {
    const key = `${path}\n${reason}`
    return seen.has(key) ? false : seen.add(key).size > 0
  })
}

export const make = (path: ReadonlyArray<PropertyKey>, reason: string): Issue => ({
  path: path.map(String).join("."),
  reason
})

/** The problem of a value that JSON cannot carry. */
export const ofJson = ({ path, reason }: StrictJson.Problem): Issue => make(path, reason)

/** The wire error that carries problems; its message names them too. */
export const invalidRequest = (issues: ReadonlyArray<Issue>): InvalidRequest =>
  new InvalidRequest({ message: `The request does not fit: ${formatIssues(issues)}.`, issues })

// internal

/** Whose words a message is: a filter's author chose them, a transformation may have put the value in. */
type Origin = "plain" | "filter" | "transformation"

const collect = (
  issue: ParseResult.ParseIssue,
  path: ReadonlyArray<PropertyKey>,
  origin: Origin
): ReadonlyArray<Issue> => {
  switch (issue._tag) {
    case "Pointer":
      return collect(issue.issue, path.concat(issue.path), "plain")
    case "Missing":
      return [make(path, "is missing")]
    case "Unexpected":
      return [make(path, "is not expected")]
    case "Forbidden":
      return [make(path, "cannot be decoded here")]
    case "Type":
      return [make(path, (origin === "filter" ? issue.message : undefined) ?? describe(issue.ast))]
    case "Refinement":
      return issue.kind === "From"
        ? collect(issue.issue, path, "plain")
        : collect(issue.issue, path, "filter").map((inner) => ({ ...inner, reason: custom(issue) ?? inner.reason }))
    case "Transformation":
      return issue.kind === "Transformation"
        ? [make(path, custom(issue) ?? describe(issue.ast))]
        : collect(issue.issue, path, "transformation")
    case "Composite":
      return composite(issue, path, origin)
  }
}

const composite = (
  issue: ParseResult.Composite,
  path: ReadonlyArray<PropertyKey>,
  origin: Origin
): ReadonlyArray<Issue> => {
  const { ast } = issue
  const members = isArray(issue.issues) ? issue.issues : [issue.issues]
  if (ast._tag !== "Union") return members.flatMap((member) => collect(member, path, origin))
  const relevant = members.filter((member) => !(member._tag === "Type" && AST.isUndefinedKeyword(member.ast)))
  const inner = relevant.flatMap((member) => collect(member, path, origin))
  const here = make(path, "").path
  const deeper = inner.filter((found) => found.path !== here)
  if (deeper.length > 0) return deeper
  return relevant.length === 1 ? inner : [make(path, custom(issue) ?? describe(ast))]
}

const isArray = <A>(value: A | ReadonlyArray<A>): value is ReadonlyArray<A> => Array.isArray(value)

const custom = (issue: ParseResult.ParseIssue & { readonly ast: AST.AST }): string | undefined => {
  const message = AST.getMessageAnnotation(issue.ast)
  if (Option.isNone(message)) return undefined
  const text = message.value(issue)
  if (typeof text === "string") return text
  return "message" in text && typeof text.message === "string" ? text.message : undefined
}

const maxLength = 200

const describe = (ast: AST.AST): string => {
  const text = expectation(ast)
  return `must be ${text.length > maxLength ? `${text.slice(0, maxLength)}...` : text}`
}

/** Uses a description only if it names the kind of value ("a positive number"), not if it names the purpose. */
const expectation = (ast: AST.AST): string => {
  const description = Option.getOrUndefined(AST.getDescriptionAnnotation(ast))
  if (description !== undefined && /^an? /.test(description)) return description
  switch (ast._tag) {
    case "TypeLiteral":
      return "an object"
    case "TupleType":
      return "a list"
    case "StringKeyword":
    case "NumberKeyword":
    case "BooleanKeyword":
      return `a ${ast._tag.slice(0, -"Keyword".length).toLowerCase()}`
    case "Transformation":
      return expectation(ast.from)
    case "Refinement":
      return limits(ast) ?? description ?? String(ast)
    case "Union":
      return ast.types
        .filter((type) => !AST.isUndefinedKeyword(type))
        .map(expectation)
        .join(" or ")
    default:
      return String(ast)
  }
}

const limitWords: Readonly<Record<string, (limit: unknown) => string>> = {
  minimum: (limit) => `of at least ${limit}`,
  exclusiveMinimum: (limit) => `greater than ${limit}`,
  maximum: (limit) => `of at most ${limit}`,
  exclusiveMaximum: (limit) => `less than ${limit}`,
  multipleOf: (limit) => `that is a multiple of ${limit}`,
  minLength: (limit) => `of at least ${limit} characters`,
  maxLength: (limit) => `of at most ${limit} characters`,
  pattern: (limit) => `that matches ${limit}`,
  minItems: (limit) => `of at least ${limit} items`,
  maxItems: (limit) => `of at most ${limit} items`
}

/** The limits in the JSON Schema of a refinement, in words. */
const limits = (ast: AST.Refinement): string | undefined => {
  const document = Option.getOrElse(AST.getJSONSchemaAnnotation(ast), () => ({}))
  const words = Object.entries(document).flatMap(([keyword, limit]) => limitWords[keyword]?.(limit) ?? [])
  return words.length === 0 ? undefined : `${expectation(ast.from)} ${words.join(" and ")}`
}
