/**
 * The serving runtime, for those who put it into their own app.
 *
 * @since 0.1.0
 */
export * as Manifest from "../Manifest.js"
export * as Api from "./Api.js"
export * as Auth from "./Auth.js"
export * as Entrypoint from "./Entrypoint.js"
export * as Invocation from "./Invocation.js"
export * as Log from "./Log.js"
export * as Secrets from "./Secrets.js"
export * as Serve from "./Serve.js"
export * as Signals from "./Signals.js"
