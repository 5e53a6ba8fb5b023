/** The texts in a document of the parser. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import type * as Span from "@effect/cli/HelpDoc/Span"

/** The parts of a document in their order. */
export const partsOf = (doc: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.HelpDoc> =>
  HelpDoc.isSequence(doc) ? [...partsOf(doc.left), ...partsOf(doc.right)] : [doc]

/** The text of a span without its styles. */
export const textOf = (span: Span.Span): string => {
  if (span._tag === "Sequence") return textOf(span.left) + textOf(span.right)
  return typeof span.value === "string" ? span.value : textOf(span.value)
}
