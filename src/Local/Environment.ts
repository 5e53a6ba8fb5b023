/**
 * The environment of a served process: a few variables that every program expects, and those of the settings. It inherits
 * nothing else.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { secretVariables } from "../Flavor/SecretVariables.js"
import type * as Settings from "../Settings.js"

/** The variables that a served process inherits, if they are set. */
export const inherited: ReadonlyArray<string> = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "NODE_EXTRA_CA_CERTS"]

/** The complete environment. Inherited variables come from the current `ConfigProvider`. */
export const environmentFor = (
  settings: Settings.Deployment,
  secrets: Readonly<Record<string, Redacted.Redacted>>
): Effect.Effect<Record<string, string>> =>
  Effect.map(Effect.forEach(inherited, readVariable), (variables) => ({
    ...Object.fromEntries(variables.flatMap(Option.toArray)),
    NODE_ENV: "production",
    ...settings.environment,
    ...secretVariables(settings, secrets)
  }))

const readVariable = (name: string): Effect.Effect<Option.Option<readonly [string, string]>> =>
  Effect.map(Effect.option(Config.string(name)), (value) => Option.map(value, (text) => [name, text] as const))
