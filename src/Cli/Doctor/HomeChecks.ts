/** Checks of the home folder and of its disk. Pure. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Devices, Disk, Place, RegistryFacts, ServerFacts } from "./Facts.js"
import { type Finding, fault, ok, warning } from "./Finding.js"

/** The home is readable by its owner only. */
export const home = (place: Place): Finding => isPrivate(place, 0o700, createdLater)

/** The key that seals secrets is readable by its owner only. */
export const key = (place: Place): Finding => isPrivate(place, 0o600, "The first secret creates it.")

/** The registry opens, and can be written. */
export const registry = ({ content, isWritable, path, server }: RegistryFacts): Finding =>
  Either.match(content, {
    onLeft: (reason) => fault(reason, "Follow the message, or set DEPLOYERS_HOME to another folder."),
    onRight: (found) => {
      if (server !== undefined) return onServer(server, path)
      if (Option.isNone(found)) return ok(`${path} does not exist yet. ${createdLater}`)
      if (isWritable) return ok(`${path} opens`)
      return fault(
        `${path} can be read and not written: no command can change a deployment.`,
        "Make the file, its folder and its disk writable, or run the command as their owner."
      )
    }
  })

/** The home is on a disk of this machine: the locks of SQLite need one. */
export const fileSystem = (disk: Either.Either<Disk, string>): Finding =>
  Either.match(disk, {
    onLeft: unreadable,
    onRight: ({ path, type }) =>
      Option.match(type, {
        onNone: () => ok(`${path}; this machine does not show the type of its file system`),
        onSome: (name) =>
          isNetwork(name)
            ? warning(
                `${path} is on a network disk (${name}). Locks and shared memory of SQLite are not reliable there.`,
                "Set DEPLOYERS_HOME to a folder on a disk of this machine."
              )
            : ok(`${path} is on ${name}`)
      })
  })

/** The disk has space for bundles, records of runs and logs. */
export const space = (disk: Either.Either<Disk, string>): Finding =>
  Either.match(disk, {
    onLeft: unreadable,
    onRight: ({ freeBytes, path }) => {
      const detail = `${mebibytes(freeBytes)} MiB are free at ${path}`
      if (freeBytes >= scarceBytes) return ok(detail)
      const judge = freeBytes >= fullBytes ? warning : fault
      return judge(
        `Only ${detail}. Deploys and records of runs fail on a full disk.`,
        "Free space, delete snapshots that no deployment needs (`deployers snapshot list`), or set DEPLOYERS_HOME to another disk."
      )
    }
  })

/** Files of the project can be linked into the home, instead of copied. */
export const links = (devices: Either.Either<Devices, string>): Finding =>
  Either.match(devices, {
    onLeft: unreadable,
    onRight: ({ home, project }) =>
      home === project
        ? ok("home and working directory are on one file system")
        : warning(
            "Home and working directory are on different file systems, so that packages are copied to bundles, not linked.",
            "Set DEPLOYERS_HOME to a folder on the file system of the project to save time and space."
          )
  })

// internal

const onServer = ({ isPrivate, isWritable, place, version }: ServerFacts, path: string): Finding => {
  if (!isWritable) {
    return fault(
      `The PostgreSQL at ${place} can be read and not written: it is a standby, or its database only reads.`,
      `Write the URL of the primary server to ${path}.`
    )
  }
  return isPrivate
    ? ok(`PostgreSQL ${version} at ${place} opens (${path})`)
    : warning(
        `The connection to the PostgreSQL at ${place} is not encrypted: the network reads the registry.`,
        `Add sslmode=verify-full to the URL in ${path}.`
      )
}

const createdLater = "The first deployment creates it."
const mebibyte = 1_048_576
const scarceBytes = 1_024 * mebibyte
const fullBytes = 100 * mebibyte

const mebibytes = (bytes: number): number => Math.floor(bytes / mebibyte)

const unreadable = (reason: string): Finding => fault(reason, "Check the owner and the mode of its folders.")

const isPrivate = ({ mode, path }: Place, wanted: number, whenMissing: string): Finding =>
  Either.match(mode, {
    onLeft: (reason) => unreadable(`${path} cannot be read: ${reason}`),
    onRight: Option.match({
      onNone: () => ok(`${path} does not exist yet. ${whenMissing}`),
      onSome: (actual) =>
        (actual & ~wanted) === 0
          ? ok(`${path} (mode ${actual.toString(8)})`)
          : fault(
              `${path} can be read by others (mode ${actual.toString(8)}).`,
              `chmod ${wanted.toString(8)} '${path}'`
            )
    })
  })

/** The names of Linux and macOS. A `9p` is a disk of the host of a virtual machine or of Windows. */
const isNetwork = (type: string): boolean =>
  /^(nfs\d*|cifs|smb\w*|afpfs|webdav|davfs\d?|9p|ceph|glusterfs|lustre|afs|gpfs|beegfs|ocfs2|gfs2|drvfs)$/.test(type) ||
  /^(fuse|macfuse|osxfuse)\.?(sshfs|s3fs|gcsfuse|rclone|glusterfs|davfs\d?|cephfs?|goofys|blobfuse\d?|mount-s3)$/.test(
    type
  )
