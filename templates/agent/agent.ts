import { Pipeline } from "effect-deployers"
import { Model, program } from "./program.js"

/** The pipeline that is deployed: the program with its model. */
export const agent = Pipeline.provide(program, Model.layer)
