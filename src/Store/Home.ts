/** The files of this library on the machine: one folder, readable by its owner only. */

import * as Os from "node:os"
import * as Path from "node:path"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * The paths below the home folder. Nothing is created by asking for one.
 *
 * @category services
 * @since 0.1.0
 */
export class Home extends Context.Tag("effect-deployers/Home")<
  Home,
  {
    readonly root: string
    /** The registry database. */
    readonly registry: string
    /** The file with the URL of a registry on PostgreSQL, which takes the place of the database file where it exists. */
    readonly registryUrl: string
    /** True if the environment names that file, which has to exist then. */
    readonly registryIsNamed: boolean
    /** The key that seals secrets in the registry. */
    readonly key: string
    /** Bundles by digest. */
    readonly bundles: string
    /** The folder with a folder per deployment. */
    readonly deployments: string
    /** Everything of one deployment: log, run store, a folder per generation. */
    readonly deployment: (id: string) => string
  }
>() {}

/**
 * A home at a given folder. `registryFile` is the file with the URL of its registry; default `registry.url` in the folder.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  folder: string,
  options: { readonly registryFile?: string | undefined } = {}
): Layer.Layer<Home> => {
  const root = Path.resolve(folder)
  return Layer.succeed(Home, {
    root,
    registry: Path.join(root, "registry.db"),
    registryUrl: Path.resolve(options.registryFile ?? Path.join(root, "registry.url")),
    registryIsNamed: options.registryFile !== undefined,
    key: Path.join(root, "key"),
    bundles: Path.join(root, "bundles"),
    deployments: Path.join(root, "deployments"),
    deployment: (id) => Path.join(root, "deployments", id)
  })
}

/**
 * The home named by `DEPLOYERS_HOME`, else `~/.effect-deployers`. `DEPLOYERS_REGISTRY_FILE` names the file with the URL of a
 * registry on PostgreSQL.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<Home, ConfigError> = Layer.unwrapEffect(
  Effect.map(
    Config.all({
      folder: Config.string("DEPLOYERS_HOME").pipe(
        Config.withDescription("The folder of the registry, the bundles and the deployments."),
        Config.withDefault(Path.join(Os.homedir(), ".effect-deployers"))
      ),
      registryFile: Config.nonEmptyString("DEPLOYERS_REGISTRY_FILE").pipe(
        Config.withDescription("A file with the URL of a registry on PostgreSQL."),
        Config.withDefault(undefined)
      )
    }),
    ({ folder, registryFile }) => layer(folder, { registryFile })
  )
)
