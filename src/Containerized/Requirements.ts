/** The packages of an image beside the bundle. */
import type { External, Snapshot } from "../Snapshot/Model.js"

/**
 * The requirements of the serving runtime. The runtime is a part of every bundle, so it needs a Node and no package; a
 * flavor whose images need more adds to `packages`.
 *
 * @category constants
 * @since 0.1.0
 */
export const containerRequirements: {
  /** Oldest version of Node that runs a bundle. */
  readonly node: string
  readonly packages: ReadonlyArray<External>
} = { node: "20.19.0", packages: [] }

/**
 * The packages of an image, by name: the native ones the bundle could not contain, those of the serving runtime, and the
 * driver of the run store when that is a SQL database. Versions are exact; where two differ the bundle's wins, because
 * the program was tested with it.
 *
 * @param options `sqlStore` is the driver package of the connected SQL run store, if there is one
 *
 * @category accessors
 * @since 0.1.0
 */
export const requirements = (
  snapshot: Pick<Snapshot, "bundle">,
  options: { readonly sqlStore?: External | undefined } = {}
): ReadonlyArray<External> => {
  const driver = options.sqlStore === undefined ? [] : [options.sqlStore]
  const wanted = [...driver, ...containerRequirements.packages, ...snapshot.bundle.externals]
  const versions = new Map(wanted.map(({ name, version }) => [name, version]))
  return Array.from(versions, ([name, version]) => ({ name, version })).sort((a, b) => (a.name < b.name ? -1 : 1))
}
