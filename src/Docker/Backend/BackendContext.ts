/**
 * Who deploys, and as whom what is deployed runs.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { user as appUser } from "../../Containerized/Layout.js"

/**
 * Numbers of a user and a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  readonly uid: number
  readonly gid: number
}

/**
 * How files reach containers: folders of this machine that the engine sees, or volumes of the engine.
 *
 * @category models
 * @since 0.1.0
 */
export type FilesBy = "bindMounts" | "volumes"

/**
 * What all functions of the backend know about it.
 *
 * @category services
 * @since 0.1.0
 */
export class BackendContext extends Context.Tag("effect-deployers/Docker/Backend/Site")<
  BackendContext,
  {
    /** Only what has this registry's label is touched. */
    readonly registryId: string
    /** Name of the deployer. */
    readonly deployer: string
    /** Number of the user we are; `undefined` where there are none. */
    readonly owner: number | undefined
    /** The user inside containers. It owns their data on the host. */
    readonly identity: Identity
    /** Whether files have to be given to that user, because we are another one. */
    readonly givesAway: boolean
    /** Folders for secrets, in memory; the first that can be used is used. */
    readonly secretsFolders: ReadonlyArray<string>
    /** How files reach containers, if that was said; else it depends on where the engine is. */
    readonly files: FilesBy | undefined
  }
>() {}

/**
 * The user of containers for the user we are: root deploys for a user of its own that the machine does not have; anybody
 * else for themselves, because they can give files to nobody.
 *
 * @param us `undefined` where there are no such numbers
 *
 * @category constructors
 * @since 0.1.0
 */
export const identityFor = (us: Identity | undefined): { readonly identity: Identity; readonly givesAway: boolean } =>
  us === undefined || us.uid === 0
    ? { identity: { uid: appUser.uid, gid: appUser.gid }, givesAway: us !== undefined }
    : { identity: us, givesAway: false }

/**
 * The user of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const currentIdentity: Effect.Effect<Identity | undefined> = Effect.sync(() => {
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
})
