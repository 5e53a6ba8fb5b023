/** The checks of `deployers doctor` on this machine. They change nothing. */
import * as Net from "node:net"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DockerClient from "../Docker/DockerClient.js"
import * as Ports from "../Flavor/Ports.js"
import * as Home from "../Store/Home.js"
import * as Ids from "../Store/Ids.js"
import * as Registry from "../Store/Registry.js"
import { Doctor, type Finding } from "./Doctor.js"

/** Checks of Node, the home folder, the registry, the key, the network, the bundler and the container engine. */
export const layer: Layer.Layer<Doctor, ConfigError> = Layer.effect(
  Doctor,
  Effect.gen(function* () {
    const home = yield* Home.Home
    const fs = yield* FileSystem.FileSystem
    return {
      checks: [
        { name: "node", run: Effect.sync(() => node(process.versions.node)) },
        { name: "home folder", run: mode(fs, home.root, 0o700, createdLater) },
        { name: "registry", run: registry(fs, home.registry) },
        { name: "key file", run: mode(fs, home.key, 0o600, "The first secret creates it.") },
        { name: "network", run: freePort },
        { name: "bundler", run: bundler },
        { name: "docker", run: engine }
      ]
    }
  })
).pipe(Layer.provide(Layer.merge(Home.layerConfig, NodeFileSystem.layer)))

// internal

const createdLater = "The first deployment creates it."

const ok = (detail: string): Finding => ({ status: "ok", detail })

const node = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(`Node ${version}`)
    : { status: "fail", detail: `Node ${version} is too old.`, remedy: "Install Node 20.19 or later." }
}

const mode = (fs: FileSystem.FileSystem, path: string, wanted: number, whenMissing: string): Effect.Effect<Finding> =>
  fs.stat(path).pipe(
    Effect.map((info): Finding => {
      const actual = info.mode & 0o777
      return (actual & ~wanted) === 0
        ? ok(`${path} (mode ${actual.toString(8)})`)
        : {
            status: "fail",
            detail: `${path} can be read by others (mode ${actual.toString(8)}).`,
            remedy: `chmod ${wanted.toString(8)} '${path}'`
          }
    }),
    Effect.catchAll((error) => Effect.succeed(missing(error, path, whenMissing)))
  )

const missing = (error: PlatformError, path: string, whenMissing: string): Finding =>
  error._tag === "SystemError" && error.reason === "NotFound"
    ? ok(`${path} does not exist yet. ${whenMissing}`)
    : {
        status: "fail",
        detail: `${path} cannot be read: ${error.message}`,
        remedy: "Check the owner and the mode of its folders."
      }

/** A registry that does not exist is not opened: opening creates it. */
const registry = (fs: FileSystem.FileSystem, path: string): Effect.Effect<Finding> =>
  Effect.flatMap(
    Effect.orElseSucceed(fs.exists(path), () => true),
    (exists) =>
      exists
        ? Effect.scoped(
            Layer.build(Registry.layerHome.pipe(Layer.provide(Layer.merge(Home.layerConfig, Ids.layer))))
          ).pipe(
            Effect.as(ok(`${path} opens`)),
            Effect.catchAll((error) =>
              Effect.succeed<Finding>({
                status: "fail",
                detail: error instanceof Error ? error.message : `${path} cannot be opened.`,
                remedy: "Follow the message, or set DEPLOYERS_HOME to another folder."
              })
            )
          )
        : Effect.succeed(ok(`${path} does not exist yet. ${createdLater}`))
  )

const freePort: Effect.Effect<Finding> = Effect.async<Finding>((resume) => {
  const server = Net.createServer()
  server.once("error", (error) =>
    resume(
      Effect.succeed({
        status: "fail",
        detail: `No port of 127.0.0.1 accepts a listener (${error.message}).`,
        remedy: "Check the network settings of this machine or container."
      })
    )
  )
  server.listen(0, "127.0.0.1", () => server.close(() => resume(Effect.succeed(ok("ports of 127.0.0.1 are free")))))
  return Effect.sync(() => server.close())
})

const bundler: Effect.Effect<Finding> = Effect.tryPromise(async () => {
  const esbuild = await import("esbuild")
  try {
    await esbuild.transform("const one: number = 1", { loader: "ts" })
    return esbuild.version
  } finally {
    await esbuild.stop()
  }
}).pipe(
  Effect.map((version) => ok(`esbuild ${version}`)),
  Effect.timeout("20 seconds"),
  Effect.catchAll(() =>
    Effect.succeed<Finding>({
      status: "fail",
      detail: "The bundler does not start.",
      remedy: "Rebuild it for this platform: npm rebuild esbuild"
    })
  )
)

/** The engine that the environment names. Only `--deployer docker` needs it, so its absence is a warning. */
const engine: Effect.Effect<Finding> = Effect.gen(function* () {
  const client = yield* DockerClient.DockerClient
  const host = yield* client.host
  const { apiVersion } = yield* client.engine.version
  const { architecture, os, rootless, version } = yield* client.engine.info
  const owner = rootless ? ", rootless" : ""
  const where = host.remote ? `${host.url}, another machine` : host.url
  return judge(host, `engine ${version} (API ${apiVersion}, ${os}, ${architecture}${owner}) at ${where}`)
}).pipe(
  Effect.timeout("10 seconds"),
  Effect.provide(Layer.provide(DockerClient.layerConfig, Layer.merge(NodeFileSystem.layer, Ports.layer))),
  Effect.catchAll((error) =>
    Effect.succeed<Finding>({
      status: "warn",
      detail: `No container engine can be used: ${error.message}`,
      remedy:
        "Start an engine, or set DOCKER_HOST to one, to deploy with --deployer docker. Local deployments need none."
    })
  )
)

/** Without TLS, machines on the way read secrets and act as root on the engine. */
const judge = (host: DockerClient.EngineHost, detail: string): Finding =>
  host.private
    ? { status: "ok", detail }
    : {
        status: "warn",
        detail: `${detail}, without TLS`,
        remedy: "Configure the engine to listen with TLS, and set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."
      }
