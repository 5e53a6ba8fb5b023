/** The address of a container engine. */
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/**
 * The way to an engine. Without `host` and `context`: the usual sockets of this machine.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Such as `unix:///var/run/docker.sock`, `tcp://10.0.0.7:2376` or `http://127.0.0.1:2375`. */
  readonly host?: string | undefined
  /** Folder with `ca.pem`, `cert.pem` and `key.pem` for a `tcp` host. */
  readonly certificates?: string | undefined
  /** Use TLS for a `tcp` host; default if there are certificates or the port is 2376. */
  readonly tls?: boolean | undefined
  /** Name of a context of the Docker command line; used if there is no `host`. */
  readonly context?: string | undefined
  /** Folder of the Docker command line's configuration; default `.docker` of the home folder. */
  readonly configuration?: string | undefined
  /** Version of the API to speak, such as `1.41`; default the engine's own. */
  readonly apiVersion?: string | undefined
  /** Folder that may hold the socket of a rootless engine; default none. */
  readonly runtimeFolder?: string | undefined
  /** The longest time for one answer; default 30 seconds. */
  readonly deadline?: Duration.DurationInput | undefined
}

const text = (name: string) =>
  Config.option(Config.string(name)).pipe(
    Config.map(Option.filter((value) => value !== "")),
    Config.map(Option.getOrUndefined)
  )

/**
 * The options that the environment names.
 *
 * @category configuration
 * @since 0.1.0
 */
export const config: Config.Config<Options> = Config.all({
  host: text("DOCKER_HOST"),
  certificates: text("DOCKER_CERT_PATH"),
  tls: Config.map(text("DOCKER_TLS_VERIFY"), (value) => (value === undefined ? undefined : value !== "0")),
  context: text("DOCKER_CONTEXT"),
  configuration: text("DOCKER_CONFIG"),
  apiVersion: text("DOCKER_API_VERSION"),
  runtimeFolder: text("XDG_RUNTIME_DIR")
})
