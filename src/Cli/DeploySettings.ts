/** The options of `deploy` that are settings of the deployment. */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import * as Settings from "../Settings.js"
import { count, timeout } from "./Common.js"

export const options = {
  auth: Options.text("auth").pipe(
    Options.withPseudoName("generate|none|secret:NAME"),
    Options.withDescription("Who may call: with a generated key (default), anybody, or with a stored secret as key."),
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
    Options.withDescription("A stored secret the pipeline may read; can be repeated."),
    Options.repeated
  ),
  port: count("port", 1, 65_535, "The port to listen on; default: a free one."),
  address: Options.text("address").pipe(
    Options.withPseudoName("IP"),
    Options.withDescription(
      "The address of the engine's machine to publish at, for Docker: 127.0.0.1 (default) for that machine only, 0.0.0.0 for all of them."
    ),
    Options.optional
  ),
  workers: count(
    "workers",
    1,
    Settings.maxWorkers,
    "Processes that serve together behind the one port; default: as the pipeline says, else 1."
  ),
  keepRuns: count(
    "keep-runs",
    1,
    Number.MAX_SAFE_INTEGER,
    "How many of the newest runs are kept; default: as the pipeline says, else all."
  ),
  timeout: timeout("How long the operation may take, such as 30s or 2m; default 60s.")
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

/** Where a deployment shall be reached. */
export interface PublishInput {
  readonly port?: number
  readonly address?: string
}

/** The settings options stand for; what was not given is left to the snapshot and the deployer. */
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
