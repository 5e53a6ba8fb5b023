/** Pipelines that need more of a machine than Node. */
import { execSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"

export const shell = Pipeline.make("needs-shell", {
  input: Schema.Struct({ text: Schema.String }),
  output: Schema.Struct({ said: Schema.String, fonts: Schema.Number, configured: Schema.Boolean }),
  run: ({ text }) =>
    Effect.sync(() => ({
      said: execSync(`echo ${text} | tr a-z A-Z`).toString().trim(),
      fonts: existsSync("/usr/share/fonts") ? readdirSync("/usr/share/fonts", { recursive: true }).length : 0,
      configured: existsSync("/etc/fonts/fonts.conf")
    }))
})
