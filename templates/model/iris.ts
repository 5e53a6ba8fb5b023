import { Pipeline } from "effect-deployers"
import { Model, program } from "./program.js"

/** The pipeline that is deployed: the program with its model. */
export const iris = Pipeline.provide(program, Model.layer)
