/**
 * Secrets that shall be environment variables, against our advice.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as Settings from "../Settings.js"

/**
 * The variables of the secrets named in `secretsInEnvironment`.
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
