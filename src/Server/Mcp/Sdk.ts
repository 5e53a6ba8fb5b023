/** The official SDK of the Model Context Protocol: one packed file beside the program, which loads with the first request. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js"
import type { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import type * as Types from "@modelcontextprotocol/sdk/types.js"
import type * as Effect from "effect/Effect"
import type { NotFound } from "../../Contract/Errors.js"
import * as PackedLibrary from "../Http/PackedLibrary.js"

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
export const make = (): Effect.Effect<Sdk, NotFound> =>
  PackedLibrary.make<Sdk>({
    url: () => new URL("./mcp.js.br", import.meta.url),
    path: "dist/Server/Mcp/mcp.js.br"
  })
