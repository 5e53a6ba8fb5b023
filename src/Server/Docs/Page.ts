/**
 * The interactive documentation page: one self-contained document without anything from elsewhere. It reads the
 * OpenAPI document of its own service and writes text nodes only.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import { script } from "./Script.js"
import { style } from "./Style.js"

/**
 * A page and the content security policy it must be sent with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly html: string
  readonly contentSecurityPolicy: string
}

/**
 * Makes the page.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly title: string
  readonly openApiPath: string
  readonly invokePath: string
  readonly authEnabled: boolean
}): Page => ({
  html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(options.title)}</title>
<style>${style}</style>
</head>
<body data-openapi="${escape(options.openApiPath)}" data-invoke="${escape(options.invokePath)}" data-auth="${options.authEnabled}">
<main id="app"><p>Loading the OpenAPI document.</p></main>
<noscript><p>This page needs JavaScript. The document it shows is at ${escape(options.openApiPath)}.</p></noscript>
<script type="module">${script}</script>
</body>
</html>
`,
  contentSecurityPolicy: [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'"
  ].join("; ")
})

// internal

const hash = (text: string): string => `sha256-${createHash("sha256").update(text, "utf8").digest("base64")}`

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
