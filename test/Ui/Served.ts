/** The page over all deployments, served in this process, and requests to it. */
import { Context, Effect, Layer, Redacted } from "effect"
import { serve } from "../../src/Ui/index.js"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A server whose token is not used yet. */
export const served = Effect.map(serve({}), ({ firstUrl, url }) => {
  const ask = (path: string, init?: RequestInit) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, init)
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
  const origin = new URL(url).origin
  const exchange = (token: string) =>
    ask("session", {
      method: "POST",
      headers: { "content-type": "application/json", origin },
      body: JSON.stringify({ token })
    })
  return { url, firstUrl: Redacted.value(firstUrl), origin, token: tokenOf(Redacted.value(firstUrl)), ask, exchange }
})

/** A server with the session of its one browser. */
export class Session extends Context.Tag("test/Ui/Session")<
  Session,
  {
    readonly url: string
    readonly origin: string
    readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Effect.Effect<Answer>
    readonly post: (path: string, payload: unknown, headers?: Readonly<Record<string, string>>) => Effect.Effect<Answer>
  }
>() {}

export const layerSession = Layer.scoped(
  Session,
  Effect.gen(function* () {
    const { ask, exchange, origin, token, url } = yield* served
    const cookie = cookieOf(yield* exchange(token))
    return {
      url,
      origin,
      get: (path, headers = {}) => ask(path, { headers: { cookie, ...headers } }),
      post: (path, payload, headers = {}) =>
        ask(path, {
          method: "POST",
          headers: {
            cookie,
            origin,
            "content-type": "application/json",
            "idempotency-key": crypto.randomUUID(),
            ...headers
          },
          body: JSON.stringify(payload)
        })
    }
  })
)

/** The cookie of a response, as browsers send it back. */
export const cookieOf = ({ headers }: Answer): string => headers.get("set-cookie")?.split(";", 1).join() ?? ""

const tokenOf = (firstUrl: string): string => /#token=(.+)$/.exec(firstUrl)?.[1] ?? ""
