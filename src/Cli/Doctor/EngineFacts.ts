/** Asks the container engine that the environment names. */
import * as Os from "node:os"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as DockerClient from "../../Docker/DockerClient.js"
import * as Ports from "../../Flavor/Ports.js"
import type { EngineFacts } from "./Facts.js"

/** The engine, or the reason why none can be used. */
export const engine: Effect.Effect<Either.Either<EngineFacts, string>, never, FileSystem.FileSystem> = Effect.gen(
  function* () {
    const client = yield* DockerClient.DockerClient
    const host = yield* client.host
    const version = yield* client.engine.version
    return { host, version, info: yield* client.engine.info, hostname: Os.hostname() }
  }
).pipe(
  Effect.timeout("10 seconds"),
  Effect.provide(Layer.provide(DockerClient.layerConfig, Ports.layer)),
  Effect.mapError(({ message }) => message),
  Effect.either
)
