/** One call of a tool: a run of its pipeline, its progress, and its end as the result of the call. */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as RunEvent from "../../Contract/RunEvent.js"
import * as Members from "../Http/Members.js"
import type { Invocation } from "../Run/Invocation.js"
import * as InvokeRequest from "../Run/InvokeRequest.js"
import type { Response } from "../Run/Response.js"
import type { Tool } from "./Tools.js"

/** Shows the caller the progress of the run. */
export type Tell = (progress: number, message: string) => void

/** A call. */
export interface ToolCall {
  readonly tool: Tool
  readonly given: Readonly<Record<string, unknown>>
  readonly origin: InvokeRequest.Origin
  /** Absent for a caller that does not want to know. */
  readonly tell: Tell | undefined
  /** The name under which its caller cancels it. */
  readonly callId: string | undefined
}

/** Runs the pipeline of a call. Interrupting it means that the caller disconnected. */
export const run = (
  { alias, invoke }: Pick<Context.Tag.Service<Invocation>, "alias" | "invoke">,
  { callId, given, origin, tell, tool }: ToolCall
): Effect.Effect<CallToolResult> =>
  Effect.suspend(() => {
    const ends: Array<() => void> = []
    const whole = { parameters: tool.parametersOf(given) }
    const parsed = { value: whole, text: JSON.stringify(whole), isPlain: false }
    const options: InvokeRequest.InvokeOptions = {
      ...InvokeRequest.optionsOf("wait", origin),
      onAccepted: (run) => {
        if (callId !== undefined) ends.push(alias(callId, run.id))
        if (tell !== undefined) ends.push(run.follow(teller(tell)))
      }
    }
    return invoke(tool.member === undefined ? parsed : Members.bodyOf(tool.member, parsed), options).pipe(
      Effect.map((answer) => resultOf(tool, tool.member === undefined ? answer : Members.answerOf(answer))),
      Effect.ensuring(
        Effect.sync(() => {
          for (const end of ends) end()
        })
      )
    )
  })

// internal

/** Each event of the run is one unit of progress; the total is unknown. */
const teller = (tell: Tell) => {
  let count = 0
  return {
    tell: (event: RunEvent.RunEvent) => {
      const message = messageOf(event)
      if (message !== undefined) tell(++count, message)
    },
    miss: () => {},
    lose: () => {}
  }
}

const messageOf = (event: RunEvent.RunEvent): string | undefined => {
  switch (event.event) {
    case "step_started":
      return `${event.data.step} started`
    case "step_finished":
      return `${event.data.step} ${event.data.status}`
    case "message":
      return Predicate.isString(event.data) ? event.data : JSON.stringify(event.data)
    default:
      return undefined
  }
}

/**
 * The result of a call. A failure is in the text and in `_meta`: structured content has to fit the schema of the outputs, and
 * clients refuse a result whose content does not.
 */
const resultOf = (tool: Tool, { body }: Response): CallToolResult => {
  const answer: unknown = JSON.parse(body)
  if (!Predicate.isRecord(answer) || answer["success"] !== true) {
    return { content: [{ type: "text", text: body }], isError: true, _meta: { "effect-deployers/error": answer } }
  }
  const structuredContent = tool.contentOf(answer["outputs"])
  const { runId } = answer["metadata"] as { readonly runId: string }
  return {
    content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    structuredContent,
    _meta: { "effect-deployers/runId": runId }
  }
}
