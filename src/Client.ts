/**
 * Calling deployments from code: a client typed by the pipeline, an untyped one, and what a deployment says of itself.
 * It needs the definitions only, nothing of the runtime or of a deployer.
 *
 * @since 0.1.0
 */
export { coerce } from "./Client/Coerce.js"
export {
  type Direct,
  direct,
  type Endpoint,
  Endpoints,
  layerRegistry,
  layerStatic,
  type Ref,
  type ResolveError
} from "./Client/Endpoints.js"
export { exampleOf } from "./Client/Example.js"
export {
  type Client,
  type Definition,
  type FindError,
  find,
  type Invocation,
  type InvokeOptions,
  invoke,
  make,
  type Requirements
} from "./Client/Invoke.js"
export type { JsonSchema } from "./Client/JsonSchema.js"
export { type Paths, paths } from "./Client/Paths.js"
export { example, Health, health, metrics, type RunPage, run, runs, schema } from "./Client/Queries.js"
export type { Schemas } from "./Client/Schemas.js"
export type { InvokeError, QueryError } from "./Client/Wire.js"
export { RunMetadata } from "./Wire.js"
