/** A caller that knows a URL and nothing else: plain HTTP, no retries. */
import * as Http from "node:http"
import { Effect } from "effect"

export interface Reply {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly json: unknown
}

/** Starts a run that is not waited for, and returns its id. */
export const accepted = (url: string, body: unknown): Effect.Effect<string, string> =>
  Effect.flatMap(post(url, body, false, { prefer: "respond-async" }), ({ headers, json, status }) => {
    const id = headers.location?.split("/").at(-1)
    return id === undefined ? Effect.fail(`${status} ${JSON.stringify(json)}`) : Effect.succeed(id)
  })

/** Posts JSON; fails with the code of the system if the connection is refused or reset. */
export const post = (
  url: string,
  body: unknown,
  agent: Http.Agent | false,
  headers: Http.OutgoingHttpHeaders = {}
): Effect.Effect<Reply, string> =>
  Effect.async((resume) => {
    const request = Http.request(url, {
      method: "POST",
      agent,
      headers: { "content-type": "application/json", ...headers }
    })
    request.once("response", (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => {
        text += chunk
      })
      response.once("end", () =>
        resume(
          Effect.map(Effect.try({ try: (): unknown => JSON.parse(text), catch: () => `no JSON: ${text}` }), (json) => ({
            status: response.statusCode ?? 0,
            headers: response.headers,
            json
          }))
        )
      )
      response.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    })
    request.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    request.end(JSON.stringify(body))
    return Effect.sync(() => request.destroy())
  })
