/** Server-side apply: which manager owns which field, and the merge of what it applies. Lists are atomic. */
import * as Predicate from "effect/Predicate"

/** The value of a field; objects have fields of their own. */
type Leaf = unknown

/** The fields of an object by their paths. */
export type Fields = ReadonlyMap<string, Leaf>

/** The managers of an object, and the fields that each of them applied. */
export type Managers = Map<string, Fields>

/** A field that another manager owns with another value. */
export interface Conflict {
  readonly manager: string
  readonly field: string
}

/** The identity of an object is no field of a manager. */
const identity = new Set([".apiVersion", ".kind", ".metadata.name", ".metadata.namespace", ".metadata.uid"])

/** The leaves of an object. */
export const fieldsOf = (object: unknown, path = ""): Fields => {
  const found = new Map<string, Leaf>()
  if (!Predicate.isRecord(object)) return found
  for (const [name, value] of Object.entries(object)) {
    const at = /^[A-Za-z0-9_-]+$/.test(name) ? `${path}.${name}` : `${path}.${JSON.stringify(name)}`
    if (identity.has(at) || value === undefined) continue
    if (Predicate.isRecord(value) && Object.keys(value).length > 0) {
      for (const [inner, leaf] of fieldsOf(value, at)) found.set(inner, leaf)
    } else found.set(at, value)
  }
  return found
}

/** The fields that other managers own with another value. */
export const conflictsOf = (managers: Managers, manager: string, applied: Fields): ReadonlyArray<Conflict> =>
  Array.from(managers).flatMap(([other, owned]) =>
    other === manager
      ? []
      : Array.from(applied).flatMap(([field, value]) =>
          owned.has(field) && JSON.stringify(owned.get(field)) !== JSON.stringify(value)
            ? [{ manager: other, field }]
            : []
        )
  )

/** Gives a manager the fields that it applied. Fields that no manager owns any more are gone from the object. */
export const own = (managers: Managers, manager: string, applied: Fields): void => {
  managers.set(manager, applied)
  for (const [other, owned] of managers) {
    if (other === manager) continue
    const kept = new Map(
      Array.from(owned).filter(
        ([field, value]) => !applied.has(field) || JSON.stringify(applied.get(field)) === JSON.stringify(value)
      )
    )
    managers.set(other, kept)
  }
}

/** The object whose fields the managers own. */
export const objectOf = (managers: Managers): Record<string, unknown> => {
  const object: Record<string, unknown> = {}
  for (const owned of managers.values()) {
    for (const [field, value] of owned) put(object, namesIn(field), value)
  }
  return object
}

// internal

/** The names in a path: `.metadata."a.b/c"`. */
const namesIn = (field: string): ReadonlyArray<string> =>
  Array.from(field.matchAll(/\.("(?:[^"\\]|\\.)*"|[^."]+)/g), ([, name = ""]) =>
    name.startsWith('"') ? String(JSON.parse(name)) : name
  )

const put = (object: Record<string, unknown>, [name, ...rest]: ReadonlyArray<string>, value: unknown): void => {
  if (name === undefined) return
  if (rest.length === 0) {
    object[name] = value
    return
  }
  const inner = object[name]
  const next: Record<string, unknown> = Predicate.isRecord(inner) ? inner : {}
  object[name] = next
  put(next, rest, value)
}
