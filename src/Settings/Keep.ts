/** The settings of a redeploy: those of the calls before stay, those of the new call win. */
import * as Predicate from "effect/Predicate"

type Layer = Readonly<Record<string, unknown>>

/** The settings whose fields count one by one. */
const nestedFields = ["environment", "recovery", "serving"] as const

/** The settings that list names, and are merged by name. */
const nameLists = ["secrets", "secretsInEnvironment"] as const

/**
 * The part of effective settings that no lower layer explains: the settings that some call gave. A value that equals the
 * one of the lower layers counts as theirs.
 */
export const given = (effective: Layer, base: Layer): Layer =>
  Object.fromEntries(
    Object.entries(effective).flatMap(([key, value]): ReadonlyArray<readonly [string, unknown]> => {
      const below = base[key]
      if (isNested(key) && Predicate.isReadonlyRecord(value) && Predicate.isReadonlyRecord(below)) {
        const inner = Object.entries(value).filter(([name, one]) => !isEqual(one, below[name]))
        return inner.length === 0 ? [] : [[key, Object.fromEntries(inner)]]
      }
      return isEqual(value, below) ? [] : [[key, value]]
    })
  )

/** Settings of a call together with the kept names of its lists, so that a secret is added to those before. */
export const withKeptNames = (kept: Layer, call: Layer): Layer => ({
  ...call,
  ...Object.fromEntries(
    nameLists.flatMap((key) => {
      const before = kept[key]
      const now = call[key]
      return Array.isArray(before) && Array.isArray(now) ? [[key, union(before, now)]] : []
    })
  )
})

/** The part of settings that others have with the same values. */
export const common = (settings: Layer, others: Layer): Layer => {
  const same = new Set(paths(others).map(({ path, value }) => JSON.stringify([path, sorted(value)])))
  const changed = paths(settings).filter(({ path, value }) => !same.has(JSON.stringify([path, sorted(value)])))
  return without(settings, new Set(changed.map(({ path }) => path)))
}

/** Every setting by its dotted path; a secret is `secrets.NAME`. */
export const paths = (settings: Layer): ReadonlyArray<{ readonly path: string; readonly value: unknown }> =>
  Object.entries(settings).flatMap(([key, value]) => {
    if (isNested(key) && Predicate.isReadonlyRecord(value)) {
      return Object.entries(value).map(([name, one]) => ({ path: `${key}.${name}`, value: one }))
    }
    return isNameList(key) && Array.isArray(value)
      ? value.map((entry) => ({ path: `${key}.${nameOf(String(entry))}`, value: entry }))
      : [{ path: key, value }]
  })

/** The settings without those of the given paths; a path without a value is no fault. */
export const without = (settings: Layer, removed: ReadonlySet<string>): Layer =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]): ReadonlyArray<readonly [string, unknown]> => {
      if (removed.has(key)) return []
      if (isNested(key) && Predicate.isReadonlyRecord(value)) {
        return [[key, Object.fromEntries(Object.entries(value).filter(([name]) => !removed.has(`${key}.${name}`)))]]
      }
      // A removed secret cannot be an environment variable either.
      const isRemoved = (entry: unknown) =>
        ["secrets", key].some((list) => removed.has(`${list}.${nameOf(String(entry))}`))
      return [[key, isNameList(key) && Array.isArray(value) ? value.filter((entry) => !isRemoved(entry)) : value]]
    })
  )

/** The name by which the pipeline reads a secret: `NAME`, or the left side of `NAME=key:DEPLOYMENT`. */
export const nameOf = (entry: string): string => entry.split("=")[0] ?? entry

// internal

const isNested = (key: string): boolean => nestedFields.some((field) => field === key)

const isNameList = (key: string): boolean => nameLists.some((list) => list === key)

const union = (before: ReadonlyArray<unknown>, now: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const names = new Set(now.map((entry) => nameOf(String(entry))))
  return [...before.filter((entry) => !names.has(nameOf(String(entry)))), ...now]
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!Predicate.isReadonlyRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)])
  )
}
