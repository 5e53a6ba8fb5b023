/** The registry and the defaults that a backend works for. */
import * as Context from "effect/Context"

/** The facts that every function of the backend needs. */
export class BackendContext extends Context.Tag("effect-deployers/Kubernetes/Backend/BackendContext")<
  BackendContext,
  {
    /** Nothing without the label of this registry is touched. */
    readonly registryId: string
    /** The name of the deployer. */
    readonly deployer: string
    /** The namespace of the defaults of the deployer, if they have one. */
    readonly namespace: string | undefined
  }
>() {}
