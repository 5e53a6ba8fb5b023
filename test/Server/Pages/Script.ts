/** The script of a page, as its document names it. */
import { Effect } from "effect"

/** The address of the script, relative to the document, and its digest. */
export const scriptOf = (html: string) => {
  const [, src = "", integrity = ""] =
    /<script type="module" src="([^"]*)" integrity="([^"]*)"><\/script>/.exec(html) ?? []
  return { src, integrity }
}

export const styleOf = (html: string): string => /<style>([^<]*)<\/style>/.exec(html)?.[1] ?? ""

/** The digest of bytes or text as a policy names it. */
export const sha256 = (content: Uint8Array | string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", Buffer.from(content))),
    (digest) => `sha256-${Buffer.from(digest).toString("base64")}`
  )
