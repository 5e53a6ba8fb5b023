/** The options of `deploy` that are settings of the deployment. */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import * as Settings from "../Settings.js"
import { count, operationTimeout, text } from "./Common.js"

export const options = {
  auth: Options.text("auth").pipe(
    Options.withPseudoName("generate|none|secret:NAME"),
    Options.withDescription("The key that callers need: a generated one (default), none, or a stored secret."),
    Options.filterMap((text) => parseAuth(text), "Give --auth one of generate, none or secret:NAME."),
    Options.optional
  ),
  env: Options.text("env").pipe(
    Options.withPseudoName("KEY=VALUE"),
    Options.withDescription("An environment variable of the service; can be repeated."),
    Options.repeated,
    Options.filterMap((pairs) => parsePairs(pairs), "Write --env as KEY=VALUE.")
  ),
  secret: Options.text("secret").pipe(
    Options.withPseudoName("NAME"),
    Options.withDescription("A stored secret that the pipeline may read; can be repeated."),
    Options.repeated
  ),
  port: count("port", 1, 65_535, "The port to listen on; default: a free one."),
  address: text(
    "address",
    "The address to publish at on the engine's machine, for Docker: 127.0.0.1 (default) for callers on that machine, 0.0.0.0 for callers on every network.",
    "IP"
  ),
  workers: count(
    "workers",
    1,
    Settings.maxWorkers,
    "Number of processes that serve behind the one port; default: the pipeline's setting, else 1."
  ),
  keepRuns: count(
    "keep-runs",
    1,
    Number.MAX_SAFE_INTEGER,
    "Number of newest runs to keep; default: the pipeline's setting, else all."
  ),
  timeout: operationTimeout
} as const

/** Values of {@link options}. */
export interface Given {
  readonly auth: Option.Option<Settings.Auth>
  readonly env: Readonly<Record<string, string>>
  readonly secret: ReadonlyArray<string>
  readonly port: Option.Option<number>
  readonly address: Option.Option<string>
  readonly workers: Option.Option<number>
  readonly keepRuns: Option.Option<number>
  readonly timeout: Option.Option<number>
}

/** The port and the address of a deployment. */
export interface PublishInput {
  readonly port?: number
  readonly address?: string
}

/** The settings of the given options. Snapshot and deployer supply the others. */
export const settingsOf = (given: Given): Settings.DeploymentInput & PublishInput => ({
  ...(Option.isSome(given.auth) ? { auth: given.auth.value } : {}),
  ...(Object.keys(given.env).length > 0 ? { environment: given.env } : {}),
  ...(given.secret.length > 0 ? { secrets: given.secret } : {}),
  ...(Option.isSome(given.port) ? { port: given.port.value } : {}),
  ...(Option.isSome(given.address) ? { address: given.address.value } : {}),
  ...servingOf(given),
  ...(Option.isSome(given.timeout) ? { timeoutMillis: given.timeout.value } : {})
})

// internal

const servingOf = ({ keepRuns, workers }: Given): Pick<Settings.DeploymentInput, "serving"> =>
  Option.isNone(keepRuns) && Option.isNone(workers)
    ? {}
    : {
        serving: {
          ...(Option.isSome(workers) ? { workers: workers.value } : {}),
          ...(Option.isSome(keepRuns) ? { keepRuns: keepRuns.value } : {})
        }
      }

const parseAuth = (text: string): Option.Option<Settings.Auth> => {
  if (text === "generate" || text === "none") return Option.some({ _tag: text })
  const [, name] = /^secret:(.+)$/.exec(text) ?? []
  return name === undefined ? Option.none() : Option.some({ _tag: "secret", name })
}

const parsePairs = (pairs: ReadonlyArray<string>): Option.Option<Readonly<Record<string, string>>> => {
  const entries = pairs.map((pair): readonly [string, string] => {
    const equals = pair.indexOf("=")
    return [pair.slice(0, Math.max(0, equals)), pair.slice(equals + 1)]
  })
  return entries.some(([key]) => key === "") ? Option.none() : Option.some(Object.fromEntries(entries))
}
