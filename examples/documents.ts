// A document is read passage by passage, and each passage is answered as soon as it is read: a pipeline that streams.
import { HttpApiSchema } from "@effect/platform"
import { Effect, Schema, Stream } from "effect"
import { Pipeline, Step } from "effect-deployers"

export class DocumentEmpty extends Schema.TaggedError<DocumentEmpty>()(
  "DocumentEmpty",
  {},
  HttpApiSchema.annotations({ status: 400 })
) {
  override get message() {
    return "The document has no text."
  }
}

const Passage = Schema.Struct({
  number: Schema.Int,
  words: Schema.Int,
  /** The sentence with the most frequent words of the passage. */
  summary: Schema.String,
  keywords: Schema.Array(Schema.String)
})

const wordsOf = (text: string) => text.toLowerCase().match(/\p{L}{4,}/gu) ?? []

const frequencies = (words: ReadonlyArray<string>) => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

const read = Step.make("read", {
  input: Schema.Struct({ number: Schema.Int, text: Schema.String }),
  output: Passage,
  run: ({ number, text }) =>
    Effect.sync(() => {
      const counts = frequencies(wordsOf(text))
      const score = (sentence: string) => wordsOf(sentence).reduce((sum, word) => sum + (counts.get(word) ?? 0), 0)
      const sentences = text.split(/(?<=[.!?])\s+/)
      return {
        number,
        words: text.split(/\s+/).length,
        summary: sentences.reduce((best, sentence) => (score(sentence) > score(best) ? sentence : best)),
        keywords: [...counts]
          .sort(([one, a], [other, b]) => b - a || one.localeCompare(other))
          .slice(0, 3)
          .map(([word]) => word)
      }
    })
})

export const documents = Pipeline.stream("documents", {
  description: "Summarises a document, passage by passage.",
  input: Schema.Struct({ document: Schema.String }),
  output: Passage,
  error: DocumentEmpty,
  run: ({ document }) => {
    const passages = document.split(/\n\s*\n/).flatMap((text) => (text.trim() === "" ? [] : [text.trim()]))
    return passages.length === 0
      ? Stream.fail(new DocumentEmpty())
      : Stream.mapEffect(Stream.fromIterable(passages.entries()), ([index, text]) => read({ number: index + 1, text }))
  }
})
