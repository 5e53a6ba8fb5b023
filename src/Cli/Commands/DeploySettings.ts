/** The options of `deployers deploy` that are settings of the deployment. */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import type { DockerSettingsInput } from "../../Docker/Settings.js"
import * as Settings from "../../Settings.js"
import { count, operationTimeout, text, texts } from "../Common.js"
import { containerOptions, containerSettings, type GivenContainer } from "../Options/ContainerFlags.js"
import { type GivenFlags, groupsOf, settingFlags } from "../Options/SettingFlags.js"

/** The options. */
export const settingOptions = {
  auth: Options.text("auth").pipe(
    Options.withPseudoName("generate|none|secret:NAME"),
    Options.withDescription("The key that callers need: a generated one (default), none, or a stored secret."),
    Options.filterMap((text) => parseAuth(text), "Give --auth one of generate, none or secret:NAME."),
    Options.optional
  ),
  env: texts("env", "An environment variable of the service; can be repeated.", "KEY=VALUE").pipe(
    Options.filterMap((pairs) => parsePairs(pairs), "Write --env as KEY=VALUE.")
  ),
  envFile: texts(
    "env-file",
    "A file of environment variables, such as .env; --env overrides it; can be repeated.",
    "file"
  ),
  secret: texts("secret", "A stored secret that the pipeline may read; can be repeated.", "NAME"),
  port: count("port", 1, 65_535, "The port to listen on; default: a free one."),
  address: text(
    "address",
    "The address to listen on, of this machine or of the engine's: 127.0.0.1 (default) for callers on that machine, 0.0.0.0 or :: for callers on every network.",
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
  // The option --log-level is that of the command itself.
  logLevel: Options.choice("service-log-level", Settings.LogLevel.literals).pipe(
    Options.withDescription(
      "The least level of the log entries of the service; default: the pipeline's setting, else info."
    ),
    Options.optional
  ),
  restart: Options.choice("restart", Settings.Restart.literals).pipe(
    Options.withDescription(
      "The ends after which it is started again; default always. on-failure: every end but exit code 0."
    ),
    Options.optional
  ),
  ...containerOptions,
  timeout: operationTimeout,
  others: settingFlags()
} as const

/** Values of {@link settingOptions}. */
export interface GivenSettings extends GivenContainer {
  readonly auth: Option.Option<Settings.Auth>
  readonly env: Readonly<Record<string, string>>
  readonly secret: ReadonlyArray<string>
  readonly port: Option.Option<number>
  readonly address: Option.Option<string>
  readonly workers: Option.Option<number>
  readonly keepRuns: Option.Option<number>
  readonly logLevel: Option.Option<Settings.LogLevel>
  readonly restart: Option.Option<Settings.Restart>
  readonly timeout: Option.Option<number>
  readonly others: GivenFlags
}

/** The settings of the given options. Snapshot and deployer supply the others. */
export const settingsOf = (given: GivenSettings): DockerSettingsInput => ({
  ...(Option.isSome(given.auth) ? { auth: given.auth.value } : {}),
  ...(Object.keys(given.env).length > 0 ? { environment: given.env } : {}),
  ...(given.secret.length > 0 ? { secrets: given.secret } : {}),
  ...(Option.isSome(given.port) ? { port: given.port.value } : {}),
  ...(Option.isSome(given.address) ? { address: given.address.value } : {}),
  ...(Option.isSome(given.restart) ? { restart: given.restart.value } : {}),
  ...containerSettings(given),
  ...(Option.isSome(given.timeout) ? { timeoutMillis: given.timeout.value } : {}),
  ...groupsOf([...given.others, ...servingOf(given)])
})

// internal

const servingOf = ({ keepRuns, logLevel, workers }: GivenSettings): GivenFlags =>
  Object.entries<Option.Option<unknown>>({ keepRuns, logLevel, workers }).flatMap(([field, value]) =>
    Option.isSome(value) ? [["serving", field, value.value] as const] : []
  )

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
