import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Pipeline } from "effect-deployers"
import { iris } from "./iris.js"
import { Model, program } from "./program.js"

const flower = { sepalLength: 6.5, sepalWidth: 3, petalLength: 5.5, petalWidth: 1.8 }

it.effect("classifies a flower", () =>
  Effect.gen(function* () {
    expect(yield* Pipeline.run(iris, flower)).toEqual({ species: "virginica" })
  })
)

it.effect("uses the model of its layer", () =>
  Effect.gen(function* () {
    const always = Pipeline.provide(program, Layer.succeed(Model, { classify: () => "setosa" }))
    expect(yield* Pipeline.run(always, flower)).toEqual({ species: "setosa" })
  })
)
