/** The cluster of a kubeconfig, or that around this process. */
import * as Http from "node:http"
import * as Https from "node:https"
import type { KubeConfig } from "@kubernetes/client-node"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ClusterUnreachable } from "./Errors.js"

/**
 * Options of the client.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * Paths of kubeconfig files, which are merged, the first one first. Default the variable `KUBECONFIG`, else
   * `~/.kube/config`, else the service account of the pod around this process.
   */
  readonly kubeconfig?: ReadonlyArray<string> | undefined
  /** The context; default the current one of the kubeconfig. */
  readonly context?: string | undefined
  /** The longest time for one request, in milliseconds; default 10,000. */
  readonly deadlineMillis?: number | undefined
}

/**
 * The options from the environment: `DEPLOYERS_KUBE_CONTEXT` is the context.
 *
 * @category config
 * @since 0.2.0
 */
export const config: Config.Config<Options> = Config.map(
  Config.option(Config.nonEmptyString("DEPLOYERS_KUBE_CONTEXT")),
  (context) => ({ context: Option.getOrUndefined(context) })
)

/**
 * The cluster in use.
 *
 * @category models
 * @since 0.2.0
 */
export interface Cluster {
  /** The address of the API. */
  readonly server: string
  /** The context of the kubeconfig. */
  readonly context: string
  /** The namespace of the context; `default` without one. */
  readonly namespace: string
}

/** The connection to a cluster. */
export interface Connection {
  readonly cluster: Cluster
  /** The options of a request, with the credentials as they are now. */
  readonly credentials: Effect.Effect<Https.RequestOptions, unknown>
}

/** Reads the configuration. It loads the client of Kubernetes, which takes a while. */
export const connect = (options: Options): Effect.Effect<Connection, ClusterUnreachable> =>
  Effect.gen(function* () {
    const place = options.kubeconfig?.join(", ") ?? "the kubeconfig"
    const unusable = (reason: string, cause?: unknown) =>
      new ClusterUnreachable({ operation: "read its configuration", server: place, reason, cause })
    const { KubeConfig } = yield* Effect.tryPromise({
      try: () => import("@kubernetes/client-node"),
      catch: (cause) =>
        unusable("the package @kubernetes/client-node is not installed; add it to the application", cause)
    })
    const loaded = yield* Effect.try({
      try: () => load(new KubeConfig(), () => new KubeConfig(), options),
      catch: (cause) => unusable(textOf(cause), cause)
    })
    const cluster = loaded.getCurrentCluster()
    if (cluster === null) {
      return yield* unusable(
        `it has no context "${loaded.getCurrentContext()}" with a cluster (contexts: ${loaded
          .getContexts()
          .map(({ name }) => name)
          .join(", ")})`
      )
    }
    return {
      cluster: {
        server: cluster.server,
        context: loaded.getCurrentContext(),
        namespace: loaded.getContextObject(loaded.getCurrentContext())?.namespace ?? "default"
      },
      credentials: credentialsOf(loaded)
    }
  })

// internal

const load = (first: KubeConfig, another: () => KubeConfig, { context, kubeconfig }: Options): KubeConfig => {
  const [file, ...others] = kubeconfig ?? []
  if (file === undefined) first.loadFromDefault()
  else first.loadFromFile(file)
  for (const other of others) {
    const next = another()
    next.loadFromFile(other)
    first.mergeConfig(next, true)
  }
  if (context !== undefined) first.setCurrentContext(context)
  return first
}

/** A plugin may run here, and a token may be read again. The connections are kept, unless a proxy has an agent of its own. */
const credentialsOf = (kubeconfig: KubeConfig): Effect.Effect<Https.RequestOptions, unknown> => {
  const kept = { "http:": new Http.Agent({ keepAlive: true }), "https:": new Https.Agent({ keepAlive: true }) }
  return Effect.tryPromise({
    try: async () => {
      const options: Https.RequestOptions = { headers: {} }
      await kubeconfig.applyToHTTPSOptions(options)
      const isPlain = options.agent?.constructor === Https.Agent || options.agent?.constructor === Http.Agent
      const scheme = kubeconfig.getCurrentCluster()?.server.startsWith("http:") === true ? "http:" : "https:"
      return isPlain ? { ...options, agent: kept[scheme] } : options
    },
    catch: (cause) => cause
  })
}

/** The text of a failure, as a clause. */
export const textOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).trim().replace(/\.$/, "")
