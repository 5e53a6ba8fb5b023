import { assert, describe, it } from "@effect/vitest"
import { missingAccess } from "../../../../src/Docker/Backend/Mounts/Access.js"

const user = { uid: 10001, gid: 10001 }
const folder = (mode: number, uid = 0, gid = 0) => ({ mode, uid, gid, isFolder: true })

describe("the access of a container's user", () => {
  it.each([
    ["others may read", folder(0o755), [], true],
    ["the owner is the user", folder(0o500, 10001), [], true],
    ["the group is one of the user", folder(0o750, 0, 44), [44], true],
    ["an access list may give it", folder(0o770), [], false],
    ["others may write", folder(0o777), [], false],
    ["a file needs no search bit", { ...folder(0o644), isFolder: false }, [], true]
  ] as const)("is there when %s", (_, owned, groups, readOnly) => {
    assert.isUndefined(missingAccess(owned, user, groups, readOnly))
  })

  it.each([
    ["only the owner may read", folder(0o700), [], true],
    ["a folder cannot be searched", folder(0o744), [], true],
    ["the mount is writable and others may only read", folder(0o755), [], false],
    ["the user's own group may not, and others may", folder(0o707, 0, 44), [44], true]
  ] as const)("is missing when %s", (_, owned, groups, readOnly) => {
    assert.include(missingAccess(owned, user, groups, readOnly) ?? "", "user 10001:10001 of the container cannot read")
  })
})
