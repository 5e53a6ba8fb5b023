// The parts of the official SDK that the endpoint of the Model Context Protocol uses. `scripts/pages.mjs` makes mcp.js.br of
// this module.
export { Server } from "@modelcontextprotocol/sdk/server/index.js"
export { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
export {
  CallToolRequestSchema,
  CancelledNotificationSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError
} from "@modelcontextprotocol/sdk/types.js"
