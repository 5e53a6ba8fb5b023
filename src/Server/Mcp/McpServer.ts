/** The server of one request: it lists the tools, runs a call, and passes a cancellation on. */

import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { ServerNotification } from "@modelcontextprotocol/sdk/types.js"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type { Invocation } from "../Run/Invocation.js"
import type { Origin } from "../Run/InvokeRequest.js"
import type { Service } from "../Run/Service.js"
import type { Sdk } from "./Sdk.js"
import * as ToolCall from "./ToolCall.js"
import type { Tool } from "./Tools.js"

export interface Options {
  readonly sdk: Sdk
  readonly tools: ReadonlyArray<Tool>
  readonly about: {
    readonly name: string
    readonly version: string
    readonly title: string | undefined
    readonly instructions: string | undefined
  }
  readonly origin: Origin
  /** The id that the client got when it initialized; a client without one cannot cancel its calls. */
  readonly client: string | undefined
  readonly invocation: Context.Tag.Service<Invocation>
  readonly service: Context.Tag.Service<Service>
}

export interface McpServer {
  /** Answers a message. The response of a call is a stream, which ends with the result. */
  readonly answer: (request: Request, message: unknown) => Effect.Effect<HttpServerResponse.HttpServerResponse>
  /** Interrupts a call that has not ended, as one whose caller disconnected. */
  readonly close: Effect.Effect<void>
}

/** Makes the server. */
export const make = (options: Options): Effect.Effect<McpServer> =>
  Effect.gen(function* () {
    const { about, sdk } = options
    const { instructions, title, ...named } = about
    const server = new sdk.Server(
      { ...named, ...(title === undefined ? {} : { title }) },
      { capabilities: { tools: {} }, ...(instructions === undefined ? {} : { instructions }) }
    )
    handle(server, options, yield* Effect.runtime<never>())
    const transport = new sdk.WebStandardStreamableHTTPServerTransport({})
    // The transport declares its optional members in another way than the interface that it implements.
    yield* Effect.promise(() => server.connect(transport as Parameters<typeof server.connect>[0]))
    return {
      answer: (request, message) =>
        Effect.map(
          Effect.promise(() => transport.handleRequest(request, { parsedBody: message })),
          toResponse
        ),
      close: Effect.promise(() => server.close())
    }
  })

// internal

type Server = InstanceType<Sdk["Server"]>

const handle = (server: Server, options: Options, runtime: Runtime.Runtime<never>): void => {
  const { client, invocation, origin, sdk, service, tools } = options
  const runPromise = Runtime.runPromise(runtime)
  const callIdOf = (id: string | number) => (client === undefined ? undefined : JSON.stringify(["mcp", client, id]))
  server.setRequestHandler(sdk.ListToolsRequestSchema, () => ({ tools: tools.map(described) }))
  server.setRequestHandler(sdk.CallToolRequestSchema, ({ params }, { requestId, sendNotification, signal }) => {
    const tool = tools.find(({ name }) => name === params.name)
    if (tool === undefined) throw new sdk.McpError(sdk.ErrorCode.InvalidParams, unknownTool(params.name, tools))
    const token = params._meta?.progressToken
    const tell = token === undefined ? undefined : teller(token, sendNotification)
    const call = { tool, given: params.arguments ?? {}, origin, tell, callId: callIdOf(requestId) }
    return runPromise(ToolCall.run(invocation, call), { signal })
  })
  server.setNotificationHandler(sdk.CancelledNotificationSchema, ({ params: { requestId } }) => {
    const callId = requestId === undefined ? undefined : callIdOf(requestId)
    return callId === undefined ? undefined : runPromise(Effect.asVoid(service.cancel(callId)))
  })
}

const described = ({ description, inputSchema, name, outputSchema, title }: Tool) => ({
  name,
  inputSchema,
  outputSchema,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description })
})

const unknownTool = (name: string, tools: ReadonlyArray<Tool>): string =>
  `There is no tool ${JSON.stringify(name)}; this service has ${tools.map((tool) => tool.name).join(", ")}.`

/** A notification that the client no longer takes is lost, as its connection is. */
const teller =
  (progressToken: string | number, send: (notification: ServerNotification) => Promise<void>): ToolCall.Tell =>
  (progress, message) =>
    void send({ method: "notifications/progress", params: { progressToken, progress, message } }).catch(() => {})

const toResponse = ({ body, headers, status }: Response): HttpServerResponse.HttpServerResponse => {
  const { "content-type": contentType = "application/json", connection: _, ...others } = Object.fromEntries(headers)
  return body === null
    ? HttpServerResponse.empty({ status, headers: others })
    : HttpServerResponse.stream(Stream.fromReadableStream({ evaluate: () => body, onError: (error) => error }), {
        status,
        contentType,
        headers: others
      })
}
