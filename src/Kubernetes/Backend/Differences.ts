/** The differences between two states of an object, by the paths of fields. Pure. */
import * as Predicate from "effect/Predicate"
import type { FieldChange } from "../../Deployment/ObjectChange.js"
import { canonicalJson } from "../../Internal/CanonicalJson.js"

/** The fields that would change, in the order of their paths. A side without a field does not have it. */
export const differencesOf = (before: unknown, after: unknown): ReadonlyArray<FieldChange> => {
  const from = leavesOf(before, "")
  const to = leavesOf(after, "")
  return Array.from(new Set([...from.keys(), ...to.keys()]))
    .filter((path) => !isAssigned(path) && textOf(from, path) !== textOf(to, path))
    .sort()
    .map((path) => ({
      path,
      ...(from.has(path) ? { from: from.get(path) } : {}),
      ...(to.has(path) ? { to: to.get(path) } : {})
    }))
}

/** The changes of the entries of a Secret, without their values. */
export const secretDifferences = (
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>
): ReadonlyArray<FieldChange> =>
  Array.from(new Set([...Object.keys(before), ...Object.keys(after)]))
    .filter((key) => before[key] !== after[key])
    .sort()
    .map((key) => ({
      path: `.data${nameIn(key)}`,
      ...(before[key] === undefined ? {} : { from: hidden }),
      ...(after[key] === undefined ? {} : { to: hidden })
    }))

/**
 * An object of one generation in the words of another one.
 *
 * @param texts names by the ones that they replace
 * @param labels the values of labels and selectors by their names
 */
export const renamed = (
  value: unknown,
  texts: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, string>
): unknown => {
  if (typeof value === "string") return texts.get(value) ?? value
  if (Array.isArray(value)) return value.map((one: unknown) => renamed(one, texts, labels))
  if (!Predicate.isReadonlyRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, labels.get(key) ?? renamed(inner, texts, labels)])
  )
}

// internal

const hidden = "(secret)"

/** Fields that the cluster and its controllers set, and the annotation with objects that have changes of their own. */
const isAssigned = (path: string): boolean =>
  /^\.status\b|^\.metadata\.(uid|resourceVersion|generation|creationTimestamp|deletionTimestamp|deletionGracePeriodSeconds|managedFields|selfLink|name|namespace|finalizers)\b|^\.metadata\.annotations\."(deployment\.kubernetes\.io\/|effect-deployers\/shared)|^\.spec\.clusterIPs?\b|^\.(apiVersion|kind)$/.test(
    path
  )

const textOf = (leaves: ReadonlyMap<string, unknown>, path: string): string | undefined =>
  leaves.has(path) ? canonicalJson(leaves.get(path)) : undefined

const nameIn = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? `.${name}` : `.${JSON.stringify(name)}`)

/** A list whose elements have names is read by them, any other one is a leaf. An empty object is none. */
const leavesOf = (value: unknown, path: string): ReadonlyMap<string, unknown> => {
  const inner = elementsOf(value)
  if (inner === undefined) return new Map(value === undefined || value === null ? [] : [[path, value]])
  return new Map(inner.flatMap(([name, one]) => Array.from(leavesOf(one, `${path}${name}`))))
}

const elementsOf = (value: unknown): ReadonlyArray<readonly [string, unknown]> | undefined => {
  if (Array.isArray(value)) {
    const elements: ReadonlyArray<unknown> = value
    const named = elements.flatMap((one) =>
      Predicate.hasProperty(one, "name") && typeof one.name === "string" ? [[`[${one.name}]`, one] as const] : []
    )
    return named.length === elements.length && named.length > 0 ? named : undefined
  }
  return Predicate.isReadonlyRecord(value)
    ? Object.entries(value).map(([name, one]) => [nameIn(name), one] as const)
    : undefined
}
