import { Context, Effect, Layer, Schema } from "effect"
import { Pipeline, Run, Step } from "effect-deployers"

/** The answer of a model: a text for the caller, or a tool to use first. */
export const Reply = Schema.Union(
  Schema.TaggedStruct("Say", { text: Schema.String }),
  Schema.TaggedStruct("Calculate", { left: Schema.Number, right: Schema.Number })
)
export type Reply = typeof Reply.Type

/** The agent used its tools too often without an answer. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", { turns: Schema.Int }) {}

/** The language model, a service. */
export class Model extends Context.Tag("Model")<
  Model,
  { readonly reply: (conversation: ReadonlyArray<string>) => Effect.Effect<Reply> }
>() {
  /** It knows sums only, and needs no network. Replace it with a call of the API of your model. */
  static readonly layer = Layer.succeed(Model, {
    reply: (conversation) => {
      const last = conversation.at(-1) ?? ""
      const [, left, right] = /(-?\d+)\s*\+\s*(-?\d+)/.exec(last) ?? []
      return Effect.succeed(
        left === undefined || right === undefined
          ? { _tag: "Say", text: `I was told: ${last}` }
          : { _tag: "Calculate", left: Number(left), right: Number(right) }
      )
    }
  })
}

const think = Step.make("think", {
  input: Schema.Array(Schema.String),
  output: Reply,
  timeout: "60 seconds",
  run: (conversation) => Effect.flatMap(Model, (model) => model.reply(conversation))
})

const calculate = Step.make("calculate", {
  input: Schema.Struct({ left: Schema.Number, right: Schema.Number }),
  output: Schema.Number,
  run: ({ left, right }) => Effect.succeed(left + right)
})

const maxTurns = 5

/** Asks the model until it says a text. */
const answer = (
  conversation: ReadonlyArray<string>,
  turn: number
): Effect.Effect<string, NoAnswer | Effect.Effect.Error<ReturnType<typeof think>>, Model> =>
  Effect.gen(function* () {
    if (turn > maxTurns) return yield* new NoAnswer({ turns: maxTurns })
    // Callers that stream, and the page of the deployment, see each turn.
    yield* Run.publish({ turn })
    const reply = yield* think(conversation)
    if (reply._tag === "Say") return reply.text
    const sum = yield* calculate(reply)
    return yield* answer([...conversation, `The sum is ${sum}.`], turn + 1)
  })

export const program = Pipeline.make("agent", {
  description: "Answers a question, with a tool for sums.",
  input: Schema.Struct({ question: Schema.NonEmptyString.annotations({ examples: ["How much is 2 + 3?"] }) }),
  output: Schema.Struct({ answer: Schema.String }),
  error: NoAnswer,
  run: ({ question }) => Effect.map(answer([question], 1), (text) => ({ answer: text }))
})
