/** Sends one attempt of a delivery. */
import * as Http from "node:http"
import * as Https from "node:https"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Target from "./Target.js"

/** An attempt that got no answer. */
export class SendFailed extends Data.TaggedError("SendFailed")<{ readonly reason: string }> {}

/** A request with a body of JSON. */
export interface Message {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The parts of an answer that decide what follows. */
export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
}

export class Sender extends Context.Tag("effect-deployers/Server/WebhookSender")<
  Sender,
  {
    /** Sends a message, follows no redirect, and reads nothing of the body of the answer. Interrupting it ends the connection. */
    readonly send: (message: Message) => Effect.Effect<Answer, SendFailed>
  }
>() {}

/** Sends with the HTTP of Node, and to public addresses only unless private ones are permitted. */
export const layer = (options: { readonly allowPrivateAddresses: boolean }): Layer.Layer<Sender> =>
  Layer.succeed(Sender, { send: (message) => Effect.suspend(() => send(message, options.allowPrivateAddresses)) })

// internal

const send = ({ body, headers, url }: Message, allowsPrivate: boolean): Effect.Effect<Answer, SendFailed> => {
  const { hostname, protocol } = new URL(url)
  // A connection looks up names only.
  if (!allowsPrivate && Target.isPrivate(hostname)) return Effect.fail(failed(new Target.PrivateAddress()))
  return Effect.async((resume) => {
    const { request: open } = protocol === "https:" ? Https : Http
    const request = open(url, {
      method: "POST",
      agent: false,
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      ...(allowsPrivate ? {} : { lookup: Target.lookupPublic })
    })
    request.once("response", (response) => {
      resume(Effect.succeed({ status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] }))
      response.destroy()
    })
    request.on("error", (error) => resume(Effect.fail(failed(error))))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })
}

const failed = (error: Error) => {
  const { code } = error as NodeJS.ErrnoException
  return new SendFailed({ reason: error.message === "" ? (code ?? "the connection failed") : error.message })
}
