/** The errors that a deployment answers over HTTP. Their `message` is part of the answer. */
export * from "./Errors/Client.js"
export * from "./Errors/Records.js"
export * from "./Errors/Requests.js"
export * from "./Errors/Runs.js"
export * from "./Errors/Service.js"
export * from "./Errors/Webhooks.js"
