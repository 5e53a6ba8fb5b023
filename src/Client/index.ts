/** Typed and untyped clients of deployments. This entry imports nothing of Node. */
import * as Client from "../Client.js"
import type { Ref } from "./Endpoints.js"
import type { Definition } from "./Invoke.js"

/**
 * A client of one deployment. A namespace import of this entry reads this type.
 *
 * @category models
 * @since 0.1.0
 */
// biome-ignore lint/suspicious/noRedeclare: the namespace of that name hides the type of `export *`
type Client<P extends Definition, R extends Ref> = Client.Client<P, R>

export * from "../Client.js"
export { Client }
