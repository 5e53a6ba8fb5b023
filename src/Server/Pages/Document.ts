/**
 * An HTML document that loads nothing from another origin and runs its own script only. The parts that are the same for
 * every deployment stay packed until the first request.
 */
import { createHash } from "node:crypto"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The output of `scripts/pages.mjs` for one page. */
export const Packed = Schema.parseJson(
  Schema.Struct({
    body: Schema.String,
    style: Schema.String,
    /** The digest of the script, which the page asks for with `?script`: `sha256-BASE64`. */
    integrity: Schema.String
  })
)

/** Unpacks a page. */
export const unpack = (packed: string): Effect.Effect<typeof Packed.Type> =>
  Effect.promise(() => import("node:zlib")).pipe(
    Effect.map(({ brotliDecompressSync }) => brotliDecompressSync(Buffer.from(packed, "base64")).toString("utf8")),
    Effect.flatMap(Schema.decode(Packed)),
    Effect.orDie
  )

/** Makes the response: the document and its content security policy. */
export const make = (
  packed: string,
  options: {
    readonly title: string
    /** The data attributes of the body, for the script. */
    readonly data: Readonly<Record<string, string>>
    /** A sentence for browsers without scripts. */
    readonly withoutScript: string
    /** Directives of the policy that this page needs beside the common ones. */
    readonly policy?: ReadonlyArray<string>
  }
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(unpack(packed), ({ body, integrity, style }) => {
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
<script type="module" src="?script=${encodeURIComponent(integrity)}" integrity="${integrity}"></script>
</body>
</html>
`
    const policy = [
      "default-src 'none'",
      `script-src '${integrity}'`,
      `style-src '${hash(style)}'`,
      ...(options.policy ?? []),
      ...commonPolicy
    ]
    return HttpServerResponse.text(html, {
      contentType: "text/html; charset=utf-8",
      headers: { "content-security-policy": policy.join("; ") }
    })
  })

// internal

const commonPolicy = [
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'"
]

const hash = (text: string): string => `sha256-${createHash("sha256").update(text, "utf8").digest("base64")}`

/** The characters that mean something in a document, and those beyond ASCII, as numbers. */
const escape = (text: string): string =>
  text.replace(/[&<>"']|[^ -~\n]/gu, (character) => `&#${character.codePointAt(0)};`)
