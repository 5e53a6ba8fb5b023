/** The deployments of an application as data: the settings file `deployers.config.ts`, and the input of `Stack.make`. */

export * from "./Config/Config.js"
export * from "./Config/Ref.js"
