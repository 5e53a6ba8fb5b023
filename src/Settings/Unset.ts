/** The names of settings that a redeploy removes. */
import type { Issue } from "../Errors/Issue.js"
import { paths } from "./Keep.js"

/** The settings of a flavor by name, with the fields of those that have any. */
export interface Known {
  readonly settings: ReadonlyArray<string>
  readonly serving: ReadonlyArray<string>
  readonly recovery: ReadonlyArray<string>
}

/** The paths that a key means, or the fault of the key. */
export type Meaning = { readonly paths: ReadonlyArray<string> } | { readonly issue: Issue }

/**
 * Reads a key of `unset`: a setting (`port`, `keep-runs`, `serving.keepRuns`), a variable (`env:NAME`), a secret
 * (`secrets:NAME`), or the plain name of a variable or a secret that only one of them has.
 */
export const meaning = (key: string, kept: Readonly<Record<string, unknown>>, known: Known): Meaning => {
  const [, prefix, name] = /^([a-zA-Z]+)[:.](.+)$/.exec(key) ?? []
  if (prefix !== undefined && name !== undefined) return prefixed(key, prefix, name, known)
  const setting = settingOf(key, known)
  return setting === undefined ? plain(key, kept) : { paths: [setting] }
}

// internal

const prefixed = (key: string, prefix: string, name: string, known: Known): Meaning => {
  if (/^(env|environment)$/.test(prefix)) return { paths: [`environment.${name}`] }
  if (/^secrets?$/.test(prefix)) return { paths: [`secrets.${name}`] }
  if (prefix === "secretsInEnvironment") return { paths: [`${prefix}.${name}`] }
  const fields = prefix === "serving" || prefix === "recovery" ? known[prefix] : []
  const field = spellings(name).find((one) => fields.includes(one))
  return field === undefined ? unknown(key) : { paths: [`${prefix}.${field}`] }
}

/** `env` stands for all variables, `timeout` for `timeoutMillis`; a field of `serving` or `recovery` needs no prefix. */
const settingOf = (key: string, known: Known): string | undefined => {
  const names = spellings(key)
  const own = names.find((name) => known.settings.includes(name))
  if (own !== undefined) return own
  if (key === "env") return "environment"
  if (key === "secret") return "secrets"
  for (const group of ["serving", "recovery"] as const) {
    const field = names.find((name) => known[group].includes(name))
    if (field !== undefined) return `${group}.${field}`
  }
  return undefined
}

const plain = (key: string, kept: Readonly<Record<string, unknown>>): Meaning => {
  const set = paths(kept).map(({ path }) => path)
  const found = ["environment", "secrets"].map((group) => `${group}.${key}`).filter((path) => set.includes(path))
  if (found.length === 1) return { paths: found }
  return found.length === 0
    ? unknown(key)
    : {
        issue: {
          path: "unset",
          reason: `${key} is a variable and a secret; write env:${key} or secrets:${key}`
        }
      }
}

const unknown = (key: string): Meaning => ({
  issue: {
    path: "unset",
    reason: `${JSON.stringify(key)} is no setting of this deployer, and no variable or secret of the deployment; write a setting such as port, env:NAME or secrets:NAME`
  }
})

/** The spellings of a setting: as given, in camel case, and with the unit of its name. */
const spellings = (key: string): ReadonlyArray<string> => {
  const camel = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return [camel, `${camel}Millis`, `${camel}Bytes`]
}
