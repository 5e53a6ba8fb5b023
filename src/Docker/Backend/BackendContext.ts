/** The registry and the users that a backend works for. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { user as appUser } from "../../Containerized/Layout.js"

/**
 * The numbers of a user and a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  readonly uid: number
  readonly gid: number
}

/**
 * The way of files into containers: folders of this machine that the engine sees, or volumes of the engine.
 *
 * @category models
 * @since 0.1.0
 */
export type FilesBy = "bindMounts" | "volumes"

/** The facts that every function of the backend needs. */
export class BackendContext extends Context.Tag("effect-deployers/Docker/Backend/Site")<
  BackendContext,
  {
    /** Nothing without the label of this registry is touched. */
    readonly registryId: string
    /** The name of the deployer. */
    readonly deployer: string
    /** The number of this process's user; `undefined` on systems without such numbers. */
    readonly owner: number | undefined
    /** The user inside containers, which owns their data on the host. */
    readonly identity: Identity
    /** True if files must change their owner, because this process runs as another user than containers. */
    readonly givesAway: boolean
    /** Folders for secrets, in memory, in order of preference. */
    readonly secretsFolders: ReadonlyArray<string>
    /** The way of files into containers; default by the place of the engine. */
    readonly files: FilesBy | undefined
  }
>() {}

/**
 * The user of containers. Root deploys for a user that the machine does not have. Other users cannot change the owner of
 * files, so they deploy for themselves.
 *
 * @param us the user of this process; `undefined` on systems without such numbers
 */
export const identityFor = (us: Identity | undefined): { readonly identity: Identity; readonly givesAway: boolean } =>
  us === undefined || us.uid === 0
    ? { identity: { uid: appUser.uid, gid: appUser.gid }, givesAway: us !== undefined }
    : { identity: us, givesAway: false }

/** The user of this process. */
export const currentIdentity: Effect.Effect<Identity | undefined> = Effect.sync(() => {
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
})
