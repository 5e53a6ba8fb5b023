/** The check of `deployers doctor` on the container engine. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DockerClient from "../Docker/DockerClient.js"
import * as Ports from "../Flavor/Ports.js"
import type { Finding } from "./Doctor.js"

/**
 * Whether the engine that the environment names answers, and which it is. Without one only `--deployer docker` does not
 * work, so that is a warning.
 */
export const engine: Effect.Effect<Finding> = Effect.gen(function* () {
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
      remedy: "Start one, or point DOCKER_HOST at it, to deploy with --deployer docker. Local deployments need none."
    })
  )
)

// internal

/** Without TLS whoever is on the way reads secrets, and is root there. */
const judge = (host: DockerClient.EngineHost, detail: string): Finding =>
  host.private
    ? { status: "ok", detail }
    : {
        status: "warn",
        detail: `${detail}, without TLS`,
        remedy: "Let that engine listen with TLS, and set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."
      }
