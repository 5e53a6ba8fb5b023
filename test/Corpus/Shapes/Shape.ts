/** The shape of a project: its files, and the module whose `answer` counts. */
import type { Settings } from "effect-deployers"

/** A link, relative to its folder or absolute. */
export interface Link {
  readonly link: string
}

export interface Shape {
  readonly name: string
  /** The module, relative to the folder of the shape. */
  readonly module: string
  /** Texts, bytes and links by path. A project without a `package.json` has one of ES modules. */
  readonly files: Readonly<Record<string, string | Uint8Array | Link>>
  readonly settings?: Settings.BundlingInput
}

/** The text of a `package.json`. */
export const manifest = (name: string, rest: Readonly<Record<string, unknown>> = { type: "module" }): string =>
  JSON.stringify({ name, version: "1.0.0", ...rest })

/** An installed CommonJS package. */
export const commonJs = (folder: string, name: string, text: string): Record<string, string> => ({
  [`${folder}/${name}/package.json`]: manifest(name, { main: "index.js" }),
  [`${folder}/${name}/index.js`]: text
})
