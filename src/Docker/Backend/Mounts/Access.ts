/** The access of a container's user to a folder or file of the host, by its owner, group and mode. */
import type { Identity } from "../BackendContext.js"

/** The facts about a folder or file. */
export interface Owned {
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly isFolder: boolean
}

/**
 * The missing access as a clause, and `undefined` if the user has it.
 *
 * **Details**
 *
 * An access list can give more than the mode shows. The bits of the group then are the most that a list gives, so access
 * counts as missing only if neither they nor the bits of the others have it.
 *
 * @param groups numbers of groups that the user is also in
 */
export const missingAccess = (
  { gid, isFolder, mode, uid }: Owned,
  user: Identity,
  groups: ReadonlyArray<number>,
  readOnly: boolean
): string | undefined => {
  const wanted = 4 | (readOnly ? 0 : 2) | (isFolder ? 1 : 0)
  const has = (shift: number): boolean => ((mode >> shift) & wanted) === wanted
  const isIn = user.gid === gid || groups.includes(gid)
  const allowed = user.uid === 0 || (user.uid === uid ? has(6) : has(3) || (!isIn && has(0)))
  if (allowed) return undefined
  const verb = readOnly ? "read" : "read and write"
  const bits = (mode & 0o777).toString(8).padStart(3, "0")
  return `user ${user.uid}:${user.gid} of the container cannot ${verb} it (owner ${uid}:${gid}, mode ${bits})`
}
