/**
 * A self-contained HTML document: nothing in it comes from elsewhere, and it may run its own script only. What is the same
 * for everybody is kept packed until somebody asks for it.
 */
import { createHash } from "node:crypto"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** What `scripts/pages.mjs` makes of a page. */
export const Packed = Schema.parseJson(
  Schema.Struct({ body: Schema.String, script: Schema.String, style: Schema.String })
)

/** Unpacks what is kept. */
export const unpack = (packed: string): Effect.Effect<typeof Packed.Type> =>
  Effect.promise(() => import("node:zlib")).pipe(
    Effect.map(({ brotliDecompressSync }) => brotliDecompressSync(Buffer.from(packed, "base64")).toString("utf8")),
    Effect.flatMap(Schema.decode(Packed)),
    Effect.orDie
  )

/**
 * Makes the answer: the document with the content security policy that goes with it. `data` is what the script finds as
 * data attributes of the body.
 */
export const make = (
  packed: string,
  options: {
    readonly title: string
    readonly data: Readonly<Record<string, string>>
    /** What is said where scripts do not run. */
    readonly withoutScript: string
  }
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(unpack(packed), ({ body, script, style }) => {
    const data = Object.entries(options.data).map(([name, value]) => ` data-${name}="${escape(value)}"`)
    const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(options.title)}</title>
<style>${style}</style>
</head>
<body${data.join("")}>
${body}
<noscript><p>This page needs JavaScript. ${escape(options.withoutScript)}</p></noscript>
<script type="module">${script}</script>
</body>
</html>
`
    return HttpServerResponse.text(html, {
      contentType: "text/html; charset=utf-8",
      headers: { "content-security-policy": policy(script, style) }
    })
  })

// internal

const policy = (script: string, style: string): string =>
  [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'"
  ].join("; ")

const hash = (text: string): string => `sha256-${createHash("sha256").update(text, "utf8").digest("base64")}`

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
