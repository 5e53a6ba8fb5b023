// A chat agent that remembers: the conversation of each session is stored, so it survives restarts and new versions.
// deployers deploy examples/agent.ts --name agent --env MODEL_URL=http://127.0.0.1:11434/v1 --env MODEL_NAME=llama3.2
// deployers invoke agent --session ada --text "My name is Ada."
// deployers invoke agent --session ada --text "What is my name?"
import { FetchHttpClient, HttpApiSchema, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Config, Context, Effect, Layer, Schema } from "effect"
import { Pipeline, Session, Step } from "effect-deployers"

const Message = Schema.Struct({ role: Schema.Literal("user", "assistant"), content: Schema.String })

type Message = typeof Message.Type

/** The messages of a conversation, which are removed a week after the last one. */
const conversation = Session.make("conversation", Schema.Array(Message), { ttl: "7 days", maxBytes: 1_000_000 })

/** The API of the model did not give a message. */
export class ModelFailed extends Schema.TaggedError<ModelFailed>()(
  "ModelFailed",
  { reason: Schema.String },
  HttpApiSchema.annotations({ status: 502 })
) {
  override get message(): string {
    return `The model did not answer: ${this.reason}.`
  }
}

const Completion = Schema.Struct({
  choices: Schema.NonEmptyArray(Schema.Struct({ message: Schema.Struct({ content: Schema.String }) }))
})

/** A model behind an API that is compatible with that of OpenAI. */
export class Model extends Context.Tag("examples/Model")<
  Model,
  { readonly complete: (messages: ReadonlyArray<Message>) => Effect.Effect<string, ModelFailed> }
>() {
  static readonly layer = Layer.effect(
    Model,
    Effect.gen(function* () {
      const url = yield* Config.string("MODEL_URL")
      const model = yield* Config.withDefault(Config.string("MODEL_NAME"), "default")
      const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
      return {
        complete: (messages) =>
          HttpClientRequest.post(`${url}/chat/completions`).pipe(
            HttpClientRequest.bodyJson({ model, messages }),
            Effect.flatMap(client.execute),
            Effect.flatMap(HttpClientResponse.schemaBodyJson(Completion)),
            Effect.map(({ choices: [{ message }] }) => message.content),
            Effect.scoped,
            Effect.mapError(({ _tag }) => new ModelFailed({ reason: `its API failed with ${_tag}` }))
          )
      }
    })
  ).pipe(Layer.provide(FetchHttpClient.layer))
}

const complete = Step.make("complete", {
  input: Schema.Array(Message),
  output: Schema.String,
  error: ModelFailed,
  timeout: "60 seconds",
  run: (messages) => Effect.flatMap(Model, (model) => model.complete(messages))
})

/** Adds the text to the conversation of the session, and the answer of the model. */
export const agent = Pipeline.make("agent", {
  input: Schema.Struct({ text: Schema.NonEmptyString }),
  output: Schema.Struct({ text: Schema.String, messages: Schema.Int }),
  error: Schema.Union(ModelFailed, Session.AnyError),
  run: ({ text }) =>
    Effect.gen(function* () {
      const earlier = (yield* conversation.get) ?? []
      const asked: Message = { role: "user", content: text }
      yield* Effect.logInfo(`The conversation has ${earlier.length} messages.`)
      const answer: Message = { role: "assistant", content: yield* complete([...earlier, asked]) }
      // Written together at the end: a run that fails leaves no question without an answer.
      const messages = yield* conversation.update((known = []) => [...known, asked, answer])
      return { text: answer.content, messages: messages.length }
    })
}).pipe(Pipeline.provide(Model.layer))
