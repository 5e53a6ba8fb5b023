/** The first problem of a state that does not fit its schema. It never repeats the value, which may be a secret. */
import type * as ParseResult from "effect/ParseResult"

/** The field that does not fit, and the reason. */
export interface Misfit {
  readonly field: string
  readonly reason: string
}

/** The first problem in a parse issue. */
export const firstOf = (issue: ParseResult.ParseIssue, path: ReadonlyArray<PropertyKey> = []): Misfit => {
  switch (issue._tag) {
    case "Pointer":
      return firstOf(issue.issue, path.concat(issue.path))
    case "Composite": {
      const first = "_tag" in issue.issues ? issue.issues : issue.issues[0]
      return firstOf(first, path)
    }
    case "Refinement":
    case "Transformation":
      return firstOf(issue.issue, path)
    case "Missing":
      return at(path, "is missing")
    case "Unexpected":
      return at(path, "is not expected")
    case "Forbidden":
      return at(path, "cannot be decoded without waiting")
    case "Type":
      return at(path, `must be ${String(issue.ast)}`)
  }
}

// internal

const at = (path: ReadonlyArray<PropertyKey>, reason: string): Misfit => ({
  field: path.map(String).join("."),
  reason
})
