/**
 * The options of `deployers deploy` for the settings that have no option of their own shape: each setting under its name in
 * kebab case. The deployer checks the values.
 */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import type { DockerSettingsInput } from "../../Docker/Settings.js"
import { bytesOf } from "../../Settings/Size.js"
import { parseMillis } from "../Common.js"
import { unshield } from "./Argv.js"
import { faithful, parse, refused } from "./JsonFlag.js"
import { all, type Group, type Setting } from "./SettingTable.js"

/** The values that the options give, by the path of the setting. */
export type GivenFlags = ReadonlyArray<readonly [group: Group, field: string, value: unknown]>

/** The names of the options, such as `--max-body-bytes`, for the help. */
export const names = (): ReadonlySet<string> => new Set(all().flatMap(({ field }) => spellings(field)))

/** All of these options as one. */
export const settingFlags = (): Options.Options<GivenFlags> =>
  Options.map(Options.all(all().map(optionOf)), (given) => given.flatMap(Option.toArray))

/** The settings that options give. */
export const groupsOf = (given: GivenFlags): DockerSettingsInput => {
  const of = (group: Group) =>
    Object.fromEntries(given.filter(([of]) => of === group).map(([, field, value]) => [field, value]))
  const [serving, recovery] = [of("serving"), of("recovery")]
  return {
    ...of("deployment"),
    ...(Object.keys(serving).length > 0 ? { serving } : {}),
    ...(Object.keys(recovery).length > 0 ? { recovery } : {})
  }
}

// internal

const kebab = (field: string): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A time has a second name without its unit, unless another setting has that name. */
const aliasOf = (field: string): string | undefined =>
  /Millis$/.test(field) && field !== "keepRunsMillis" ? kebab(field.replace(/Millis$/, "")) : undefined

const spellings = (field: string): ReadonlyArray<string> =>
  [kebab(field), `no-${kebab(field)}`, aliasOf(field) ?? kebab(field)].map((name) => `--${name}`)

type Value = Options.Options<Option.Option<GivenFlags[number]>>

const optionOf = ({ description, field, group, kind }: Setting): Value => {
  const name = kebab(field)
  const given = (option: Options.Options<Option.Option<unknown>>): Value =>
    Options.map(
      option,
      Option.map((value): GivenFlags[number] => [group, field, value])
    )
  const written = (placeholder: string, read: (text: string) => Option.Option<unknown>, hint: string): Value =>
    Options.text(name).pipe(
      Options.withPseudoName(placeholder),
      Options.withDescription(description),
      Options.filterMap(read, `Give --${name} ${hint}.`),
      Options.optional,
      (option) => given(withShortName(field, option))
    )
  const repeated = (option: Options.Options<string>): Value =>
    given(
      option.pipe(
        Options.withDescription(description),
        Options.repeated,
        Options.map((values) => Option.liftPredicate(values.map(unshield), ({ length }) => length > 0))
      )
    )
  switch (kind._tag) {
    case "text":
      return written(kind.placeholder, Option.some, "a text")
    case "count":
      return written("n", parseCount, "a whole number")
    case "size":
      return written("size", parseBytes, "a size such as 65536, 512k, 10m or 1g")
    case "duration":
      return written("duration", parseTime, "a duration such as 500ms, 30s, 2m or 1h, or a number of milliseconds")
    case "json":
      return given(
        withShortName(
          field,
          Options.text(name).pipe(
            Options.withPseudoName("JSON"),
            Options.withDescription(description),
            Options.mapEffect((text) => {
              const value = parse(text)
              return value === undefined
                ? refused(`Give --${name} JSON such as '${kind.example}'.`)
                : faithful(name, text, value)
            }),
            Options.optional
          )
        )
      )
    case "choice":
      return given(Options.choice(name, kind.literals).pipe(Options.withDescription(description), Options.optional))
    case "choices":
      return repeated(Options.choice(name, kind.literals))
    case "texts":
      return repeated(Options.text(name).pipe(Options.withPseudoName(kind.placeholder)))
    case "switch":
      return given(
        Options.map(
          Options.all([
            Options.boolean(name).pipe(Options.withDescription(`${description}.`)),
            Options.boolean(`no-${name}`).pipe(Options.withDescription(`The opposite of --${name}.`))
          ]),
          ([on, off]) => (on || off ? Option.some(on && !off) : Option.none())
        )
      )
  }
}

const withShortName = <A>(field: string, option: Options.Options<A>): Options.Options<A> => {
  const alias = aliasOf(field)
  return alias === undefined ? option : Options.withAlias(option, alias)
}

const parseCount = (text: string): Option.Option<number> =>
  /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Option.some(Number(text)) : Option.none()

const parseTime = (text: string): Option.Option<number> => Option.orElse(parseCount(text), () => parseMillis(text))

const parseBytes = (text: string): Option.Option<number> =>
  Option.orElse(parseCount(text), () => Option.liftPredicate(bytesOf(text), Number.isSafeInteger))
