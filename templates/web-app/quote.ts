import { Pipeline } from "effect-deployers"
import { Prices, program } from "./program.js"

/** The pipeline that is deployed: the program with its layers. */
export const quote = Pipeline.provide(program, Prices.layer)
