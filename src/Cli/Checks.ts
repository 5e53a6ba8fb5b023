/** The checks of `deployers doctor` on a real machine. They change nothing. */
import * as Net from "node:net"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Home from "../Store/Home.js"
import * as Ids from "../Store/Ids.js"
import * as Registry from "../Store/Registry.js"
import { Doctor, type Finding } from "./Doctor.js"
import { engine } from "./EngineCheck.js"

/** Checks of Node, the home folder, the registry, the key, the network, the bundler and the container engine. */
export const layer: Layer.Layer<Doctor, ConfigError> = Layer.effect(
  Doctor,
  Effect.gen(function* () {
    const home = yield* Home.Home
    const fs = yield* FileSystem.FileSystem
    return {
      checks: [
        { name: "node", run: Effect.sync(() => node(process.versions.node)) },
        { name: "home folder", run: mode(fs, home.root, 0o700, "It will be made when it is needed.") },
        { name: "registry", run: registry(fs, home.registry) },
        { name: "key file", run: mode(fs, home.key, 0o600, "It will be made with the first secret.") },
        { name: "network", run: freePort },
        { name: "bundler", run: bundler },
        { name: "docker", run: engine }
      ]
    }
  })
).pipe(Layer.provide(Layer.merge(Home.layerConfig, NodeFileSystem.layer)))

// internal

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
    ? ok(`${path} is not there yet. ${whenMissing}`)
    : { status: "fail", detail: `${path} cannot be looked at: ${error.message}`, remedy: "Check who owns its folders." }

/** Opening a registry that is not there would make it. */
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
                remedy: "Do what it says, or set DEPLOYERS_HOME to another folder."
              })
            )
          )
        : Effect.succeed(ok(`${path} is not there yet. It will be made when it is needed.`))
  )

const freePort: Effect.Effect<Finding> = Effect.async<Finding>((resume) => {
  const server = Net.createServer()
  server.once("error", (error) =>
    resume(
      Effect.succeed({
        status: "fail",
        detail: `No port of 127.0.0.1 can be listened on (${error.message}).`,
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
      remedy: "Install again for this platform: npm rebuild esbuild"
    })
  )
)
