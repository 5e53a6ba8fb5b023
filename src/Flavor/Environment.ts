/**
 * The environment of a served process: a few variables that every program expects, those of the settings, and no other of
 * the process that starts it.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Settings from "../Settings.js"

/**
 * The variables that a served process inherits when they are set.
 *
 * @category constants
 * @since 0.1.0
 */
export const inherited: ReadonlyArray<string> = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "NODE_EXTRA_CA_CERTS"]

/**
 * The complete environment for a request. The inherited variables are read through the current `ConfigProvider`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const environmentFor = ({
  secrets,
  settings
}: {
  readonly settings: Settings.Deployment
  readonly secrets: Readonly<Record<string, Redacted.Redacted>>
}): Effect.Effect<Record<string, string>> =>
  Effect.map(variables(inherited), (present) => ({
    ...present,
    NODE_ENV: "production",
    ...settings.environment,
    ...secretVariables(settings, secrets)
  }))

/**
 * The variables with these names that are set, read through the current `ConfigProvider`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const variables = (names: ReadonlyArray<string>): Effect.Effect<Record<string, string>> =>
  Effect.map(Effect.forEach(names, readVariable), (found) => Object.fromEntries(found.flatMap(Option.toArray)))

/**
 * The variables of the secrets named in `secretsInEnvironment`. Secrets are files unless the settings name them there.
 *
 * @category constructors
 * @since 0.1.0
 */
export const secretVariables = (
  { secretsInEnvironment }: Settings.Deployment,
  secrets: Readonly<Record<string, Redacted.Redacted>>
): Record<string, string> =>
  Object.fromEntries(
    secretsInEnvironment.flatMap((name) => {
      const secret = secrets[name]
      return secret === undefined ? [] : [[name, Redacted.value(secret)]]
    })
  )

// internal

const readVariable = (name: string): Effect.Effect<Option.Option<readonly [string, string]>> =>
  Effect.map(Effect.option(Config.string(name)), (value) => Option.map(value, (text) => [name, text] as const))
