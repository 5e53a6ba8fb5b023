import { Effect, Layer, Schema } from "effect"
import { Pipeline } from "effect-deployers"

const mischief = process.env["MISCHIEF"]
const say = (text: string) => Effect.sync(() => process.stdout.write(`mischief: ${text}\n`))
const kept: Array<Buffer> = []

if (mischief === "throws") throw new Error("mischief: it throws while it is loaded")
if (mischief === "hangs") {
  process.stdout.write("mischief: it hangs while it is loaded\n")
  for (;;) kept.length = 0
}

const warmUps: Readonly<Record<string, Effect.Effect<unknown>>> = {
  crashes: Effect.dieMessage("mischief: it cannot build its warm state"),
  sulks: Effect.zipRight(say("it is never ready"), Effect.never),
  devours: Effect.zipRight(
    say("it takes more memory than it may"),
    Effect.forever(
      Effect.delay(
        Effect.sync(() => kept.push(Buffer.alloc(16_777_216, 1))),
        "1 millis"
      )
    )
  ),
  collapses: Effect.forkDaemon(
    Effect.delay(
      Effect.zipRight(
        say("it ends soon after it became healthy"),
        Effect.sync(() => process.exit(1))
      ),
      "400 millis"
    )
  )
}

/** A new version of `paced` that goes wrong in the way its environment says; `describe` works all the same. */
export const mischievous = Pipeline.make("paced", {
  input: Schema.Struct({ number: Schema.Int, millis: Schema.Int }),
  output: Schema.Struct({ number: Schema.Int, version: Schema.Int }),
  run: ({ number }) => Effect.succeed({ number, version: 666 })
}).pipe(Pipeline.provide(Layer.effectDiscard(warmUps[mischief ?? ""] ?? Effect.void)))
