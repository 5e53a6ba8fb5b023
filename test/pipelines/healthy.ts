import { Config, Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

const shout = Step.make("shout", {
  input: Schema.String,
  output: Schema.String,
  run: (text) => Effect.succeed(text.toUpperCase())
})

/** Answers in capitals, with a secret's length if there is one. */
export const healthy = Pipeline.make("healthy", {
  input: Schema.Struct({ text: Schema.String }),
  output: Schema.Struct({ text: Schema.String, secretLength: Schema.Number }),
  run: ({ text }) =>
    Effect.gen(function* () {
      const secret = yield* Effect.orDie(Config.withDefault(Config.string("TOKEN"), ""))
      return { text: yield* shout(text), secretLength: secret.length }
    })
})

/** Another version of it. */
export const another = Pipeline.make("healthy", {
  input: Schema.Struct({ text: Schema.String }),
  output: Schema.Struct({ text: Schema.String }),
  run: ({ text }) => Effect.map(shout(text), (shouted) => ({ text: `${shouted}!` }))
})
