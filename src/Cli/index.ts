/**
 * The command line interface as a library: run a command line with services of your own, or embed the commands.
 *
 * @since 0.1.0
 */
export * as Deployers from "./Deployers.js"
export * as Doctor from "./Doctor.js"
export * as Failure from "./Failure.js"
export * as Input from "./Input.js"
export { type Parameter, parameters } from "./InvokeFlags.js"
export * as Live from "./Live.js"
export * as Output from "./Output.js"
export { type Environment, run, runWith } from "./Run.js"
export { type Layers, make as commands, type Services } from "./Tree.js"
