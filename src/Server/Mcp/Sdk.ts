/**
 * The official SDK of the Model Context Protocol: one packed file beside the program, which loads with the first request, so
 * that a service whose callers use no tools has neither its time nor its memory.
 */
import { fileURLToPath } from "node:url"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { Server } from "@modelcontextprotocol/sdk/server/index.js"
import type { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import type * as Types from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { NotFound } from "../../Contract/Errors.js"

/** The parts of the SDK that the endpoint uses. */
export interface Sdk
  extends Pick<
    typeof Types,
    "CallToolRequestSchema" | "CancelledNotificationSchema" | "ErrorCode" | "ListToolsRequestSchema" | "McpError"
  > {
  readonly Server: typeof Server
  readonly WebStandardStreamableHTTPServerTransport: typeof WebStandardStreamableHTTPServerTransport
}

/** Makes the effect that loads the SDK, and keeps it when it is there. */
export const make = (): Effect.Effect<Sdk, NotFound> => {
  let loaded: Sdk | undefined
  return Effect.suspend(() =>
    loaded === undefined
      ? Effect.tap(load, (sdk) => {
          loaded = sdk
        })
      : Effect.succeed(loaded)
  )
}

// internal

const load: Effect.Effect<Sdk, NotFound> = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const packed = yield* fs.readFile(yield* Effect.try(() => fileURLToPath(new URL("./mcp.js.br", import.meta.url))))
  const { brotliDecompressSync } = yield* Effect.promise(() => import("node:zlib"))
  const text = brotliDecompressSync(packed).toString("base64")
  const sdk: Sdk = yield* Effect.promise(() => import(`data:text/javascript;base64,${text}`))
  return sdk
}).pipe(
  Effect.mapError(
    () =>
      new NotFound({
        message:
          "The script of this endpoint is not beside the program. Copy the file dist/Server/Mcp/mcp.js.br of the package effect-deployers into the program's folder."
      })
  ),
  Effect.provide(NodeFileSystem.layer)
)
