/** The contract of a pipeline apart from its implementation, and the HTTP contract of a served deployment. */

export * as Api from "./Contract/Api.js"
export * from "./Contract/Contract.js"
export * as Errors from "./Contract/Errors.js"
export * as Manifest from "./Contract/Manifest.js"
export * as Responses from "./Contract/Responses.js"
export * as Routes from "./Contract/Routes.js"
export * as RunEvent from "./Contract/RunEvent.js"
