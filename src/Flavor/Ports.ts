/** The ports of this machine that a service can listen on. */
import * as Net from "node:net"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * `free`, `taken` by another process or not allowed, or the host is not an address of this machine.
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict = "free" | "taken" | "unknownHost"

/**
 * Checks ports.
 *
 * @category services
 * @since 0.1.0
 */
export class Ports extends Context.Tag("effect-deployers/Deployer/Ports")<
  Ports,
  {
    /** Listens for a moment. Port 0 checks the host only. */
    readonly probe: (host: string, port: number) => Effect.Effect<Verdict>
  }
>() {}

/**
 * The ports of this machine.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Ports> = Layer.succeed(Ports, {
  probe: (host, port) =>
    Effect.async<Verdict>((resume) => {
      const server = Net.createServer()
      server.once("error", (cause) => resume(Effect.succeed(verdictOf(cause))))
      server.listen({ host, port, exclusive: true }, () => {
        server.close(() => resume(Effect.succeed("free")))
      })
      return Effect.sync(() => server.close())
    })
})

const verdictOf = (cause: Error): Verdict =>
  "code" in cause && (cause.code === "EADDRINUSE" || cause.code === "EACCES") ? "taken" : "unknownHost"

/**
 * Ports for tests: the given ones are taken on every host, all others are free.
 *
 * @category testing
 * @since 0.1.0
 */
export const layerTest = (taken: ReadonlyArray<number> = []): Layer.Layer<Ports> =>
  Layer.succeed(Ports, { probe: (_, port) => Effect.succeed(taken.includes(port) ? "taken" : "free") })

/**
 * The URL at which this machine can call a service that listens on `host`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const urlOf = (host: string, port: number): string => {
  const callable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return `http://${callable.includes(":") ? `[${callable}]` : callable}:${port}`
}

/**
 * The field `port` of the stored metadata of an instance, if it is the number of a port.
 *
 * @category accessors
 * @since 0.1.0
 */
export const portOf = (metadata: Readonly<Record<string, unknown>> | undefined): number | undefined =>
  Option.getOrUndefined(decodePort(metadata?.["port"]))

const decodePort = Schema.decodeUnknownOption(Schema.Int.pipe(Schema.between(1, 65_535)))
