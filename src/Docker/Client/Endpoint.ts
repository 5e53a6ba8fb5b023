/** Finds the engine that the options name: an address, a context of the Docker command line, or a usual socket. */
import * as Crypto from "node:crypto"
import * as Os from "node:os"
import * as Path from "node:path"
import { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isLoopback } from "../../Internal/Loopback.js"
import type { Options } from "./Configuration.js"
import type { EngineHost } from "./Resources.js"

/** An address and its certificates. */
export interface Endpoint {
  readonly host: EngineHost
  readonly connection:
    | { readonly type: "socket"; readonly path: string }
    | {
        readonly type: "tcp"
        readonly hostname: string
        readonly port: number
        readonly tls: Certificates | undefined
      }
}

/** The certificates for TLS, in PEM. Without a client certificate only the engine is authenticated. */
export interface Certificates {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** The reason why there is no address, as a sentence without full stop. */
export interface Unusable {
  readonly host: string
  readonly reason: string
}

interface Address {
  readonly url: string
  readonly certificates?: string | undefined
}

/** Resolves options to an endpoint. Reads files; asks no engine. */
export const resolve = (options: Options): Effect.Effect<Endpoint, Unusable, FileSystem> =>
  Effect.flatMap(addressOf(options), (address) => fromAddress(address, options))

const addressOf = (options: Options): Effect.Effect<Address, Unusable, FileSystem> =>
  Effect.gen(function* () {
    if (options.host !== undefined) return { url: options.host, certificates: options.certificates }
    const context = options.context ?? (yield* currentContext(options))
    if (context !== undefined && context !== "default") return yield* addressOfContext(context, options)
    return { url: yield* usualSocket(options) }
  })

const folderOf = (options: Options): string => options.configuration ?? Path.join(Os.homedir(), ".docker")

const CliConfiguration = Schema.parseJson(Schema.Struct({ currentContext: Schema.optional(Schema.String) }))

const currentContext = (options: Options): Effect.Effect<string | undefined, never, FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem
    const text = yield* fs.readFileString(Path.join(folderOf(options), "config.json"))
    return (yield* Schema.decodeUnknown(CliConfiguration)(text)).currentContext
  }).pipe(Effect.orElseSucceed(() => undefined))

const ContextFile = Schema.parseJson(
  Schema.Struct({ Endpoints: Schema.Struct({ docker: Schema.Struct({ Host: Schema.String }) }) })
)

const addressOfContext = (name: string, options: Options): Effect.Effect<Address, Unusable, FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem
    const contexts = Path.join(folderOf(options), "contexts")
    const digest = Crypto.createHash("sha256").update(name).digest("hex")
    const file = Path.join(contexts, "meta", digest, "meta.json")
    const meta = yield* Effect.flatMap(fs.readFileString(file), Schema.decodeUnknown(ContextFile))
    const certificates = Path.join(contexts, "tls", digest, "docker")
    return {
      url: meta.Endpoints.docker.Host,
      ...((yield* fs.exists(certificates)) ? { certificates } : {})
    }
  }).pipe(
    Effect.mapError(() => ({
      host: `context "${name}"`,
      reason: `there is no readable context of that name in ${Path.join(folderOf(options), "contexts")}`
    }))
  )

const usualSocket = (options: Options): Effect.Effect<string, never, FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem
    const found = yield* Effect.findFirst(usualPaths(options), (path) =>
      Effect.orElseSucceed(fs.exists(path), () => false)
    )
    return `unix://${Option.getOrElse(found, () => systemSocket)}`
  })

const systemSocket = "/var/run/docker.sock"

const usualPaths = (options: Options): ReadonlyArray<string> => [
  systemSocket,
  ...(options.runtimeFolder === undefined ? [] : [Path.join(options.runtimeFolder, "docker.sock")]),
  Path.join(Os.homedir(), ".docker", "run", "docker.sock")
]

const fromAddress = (address: Address, options: Options): Effect.Effect<Endpoint, Unusable, FileSystem> => {
  const { url } = address
  if (url.startsWith("unix://")) return Effect.succeed(ofSocket(url, url.slice("unix://".length) || systemSocket))
  if (url.startsWith("/")) return Effect.succeed(ofSocket(`unix://${url}`, url))
  if (url.startsWith("npipe://")) return Effect.succeed(ofSocket(url, url.slice("npipe:".length)))
  if (url.startsWith("ssh://")) return Effect.fail({ host: url, reason: sshReason })
  return ofTcp(address, options)
}

const sshReason =
  "engines over ssh are not supported directly; forward the socket (`ssh -L /tmp/docker.sock:/var/run/docker.sock HOST`) and use `unix:///tmp/docker.sock`"

const ofSocket = (url: string, path: string): Endpoint => ({
  host: { url, remote: false, hostname: "127.0.0.1", private: true },
  connection: { type: "socket", path }
})

const ofTcp = (address: Address, options: Options): Effect.Effect<Endpoint, Unusable, FileSystem> =>
  Effect.gen(function* () {
    const text = address.url.includes("://") ? address.url : `tcp://${address.url}`
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || url.hostname === "" || !/^(tcp|https?):$/.test(url.protocol)) {
      const reason = "it is not the address of an engine; use unix:///path, tcp://host:port or https://host:port"
      return yield* Effect.fail({ host: address.url, reason })
    }
    const tls = usesTls(url, address, options)
    const port = url.port === "" ? (tls ? 2376 : 2375) : Number(url.port)
    const hostname = url.hostname.replace(/^\[|\]$/g, "")
    return {
      host: {
        url: address.url,
        remote: !isLoopback(hostname),
        hostname: isLoopback(hostname) ? "127.0.0.1" : hostname,
        private: tls || isLoopback(hostname)
      },
      connection: { type: "tcp", hostname, port, tls: tls ? yield* readCertificates(address) : undefined }
    }
  })

const usesTls = (url: URL, address: Address, options: Options): boolean =>
  url.protocol === "https:" ||
  (url.protocol === "tcp:" && (options.tls ?? (address.certificates !== undefined || url.port === "2376")))

const readCertificates = (address: Address): Effect.Effect<Certificates, Unusable, FileSystem> =>
  Effect.gen(function* () {
    const folder = address.certificates
    if (folder === undefined) return {}
    const fs = yield* FileSystem
    const read = (name: string) => fs.readFileString(Path.join(folder, name))
    return { ca: yield* read("ca.pem"), cert: yield* read("cert.pem"), key: yield* read("key.pem") }
  }).pipe(
    Effect.mapError(() => ({
      host: address.url,
      reason: `its certificates ca.pem, cert.pem and key.pem could not be read from ${address.certificates}`
    }))
  )
