/** A pipeline of ten steps, each with a side effect that leaves a line in a file: the run, the step, and the execution. */
import { randomUUID } from "node:crypto"
import { appendFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { Pipeline, Run, Step } from "effect-deployers"

const effects = process.env["TENFOLD_EFFECTS"] ?? "/dev/null"

const stepOf = (number: number) =>
  Step.make(`step${number}`, {
    input: Schema.Struct({ before: Schema.String, pauseMillis: Schema.Number }),
    output: Schema.String,
    run: ({ pauseMillis }) =>
      Effect.gen(function* () {
        const info = yield* Run.info
        if (pauseMillis > 0) yield* Effect.sleep(pauseMillis)
        const execution = randomUUID()
        yield* Effect.sync(() => appendFileSync(effects, `${info?.id} step${number} ${execution}\n`))
        return execution
      })
  })

const steps = Array.from({ length: 10 }, (_, index) => stepOf(index + 1))

/** Returns the executions whose results it has, and a UUID of its own. */
export const tenfold = Pipeline.make("tenfold", {
  input: Schema.Struct({ pauseMillis: Schema.Number }),
  output: Schema.Struct({ id: Schema.String, executions: Schema.Array(Schema.String) }),
  settings: { recovery: "resume" },
  run: ({ pauseMillis }) =>
    Effect.gen(function* () {
      const id = yield* Run.uuid
      const executions: Array<string> = []
      for (const [index, step] of steps.entries()) {
        if (index === 5) yield* Run.sleep(pauseMillis)
        executions.push(yield* step({ before: executions.at(-1) ?? id, pauseMillis }))
      }
      return { id, executions }
    })
})
