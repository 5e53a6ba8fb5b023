import { Pipeline } from "effect-deployers"
import { Forecasts, program } from "./program.js"

/** The pipeline that is deployed: the program with its layers. */
export const weather = Pipeline.provide(program, Forecasts.layer)
