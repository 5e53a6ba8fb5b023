/** Paths of the API. */
import * as Option from "effect/Option"
import type { Reference, ResourceType } from "./Resources.js"

/** The path of all objects of a type, in a namespace. */
export const pathOfType = ({ apiVersion, clusterScoped, plural }: ResourceType, namespace: string): string => {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return clusterScoped === true ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

/** The path of an object. */
export const pathOf = ({ name, namespace, type }: Reference): string =>
  `${pathOfType(type, namespace)}/${encodeURIComponent(name)}`

/** A selector for objects with all these labels; none without labels. */
export const selectorOf = (labels: Readonly<Record<string, string>>): string | undefined =>
  Option.getOrUndefined(
    Option.liftPredicate(
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
      (text) => text !== ""
    )
  )
