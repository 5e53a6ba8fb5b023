/** Serving pipelines inside one's own program, and the parts of the serving runtime. */

export * as Api from "../Contract/Api.js"
export * as Manifest from "../Contract/Manifest.js"
export * as Entrypoint from "./Entrypoint.js"
export * as Auth from "./Http/BearerAuth.js"
export * as Log from "./Process/Log.js"
export * as Secrets from "./Process/Secrets.js"
export * as Serve from "./Process/Serve.js"
export * as Signals from "./Process/Signals.js"
export * as Invocation from "./Run/Invocation.js"
export * from "./Server.js"
export * as Server from "./Server.js"
