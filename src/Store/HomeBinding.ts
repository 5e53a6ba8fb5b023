/**
 * The binding of a registry to its home folder. A copy of the folder has the same deployments in its registry, and the
 * services belong to the original: the copy can be read, and changes no deployment before it is adopted.
 */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { HomeInUse, StoreError } from "../Errors/Stores.js"
import * as Access from "./Database/Access.js"
import { decodeRows } from "./Database/Columns.js"
import { classify } from "./Database/SqlFailure.js"
import type { DeploymentStore } from "./DeploymentStore.js"

/** A folder on this machine: its path without links, and its number in the file system, which a copy does not share. */
const Place = Schema.Struct({
  root: Schema.String,
  inode: Schema.String,
  /** Folders of different machines may have the same path and number. Earlier releases did not note it. */
  host: Schema.optional(Schema.String)
})
type Place = typeof Place.Type

/**
 * The home that a registry is bound to.
 *
 * @category services
 * @since 0.1.0
 */
export class HomeBinding extends Context.Tag("effect-deployers/Store/HomeBinding")<
  HomeBinding,
  {
    /** The name of local deployers here, if another home of the registry has the name `local`. */
    readonly localName: string | undefined
    /** The folder that the registry is bound to, if it is another one: this home is a copy, or was moved. */
    readonly other: Effect.Effect<Option.Option<string>, StoreError>
    /**
     * Binds the registry to this home. Fails if the other home still exists, unless `force` is true: both would then change the
     * same services.
     */
    readonly adopt: (options?: { readonly force?: boolean | undefined }) => Effect.Effect<void, HomeInUse | StoreError>
  }
>() {}

/**
 * The binding of the registry of a home folder. A registry without a binding, which is new or of an earlier release, is bound
 * to the home that opens it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (root: string): Layer.Layer<HomeBinding, never, SqlClient.SqlClient> =>
  Layer.effect(
    HomeBinding,
    Effect.gen(function* () {
      const access = yield* Access.make("registry")
      const other = Effect.gen(function* () {
        const bound = yield* boundTo(access)
        const here = yield* placeOf(root)
        return Option.filter(bound, (place) => !isSame(place, here))
      })
      // A full disk must not keep the registry from being read.
      yield* Effect.ignore(bindIfFree(access, root))
      return {
        localName: undefined,
        other: Effect.map(
          other,
          Option.map((place) => place.root)
        ),
        adopt: ({ force = false } = {}) =>
          Effect.gen(function* () {
            const found = yield* other
            if (Option.isSome(found) && !force && exists(found.value)) {
              return yield* new HomeInUse({ home: root, other: found.value.root })
            }
            yield* bind(access, root)
          })
      }
    })
  )

/**
 * The binding of a registry that several homes share. The first home has the local deployer `local`. The local deployers of others
 * have the name of their machine and folder: a home changes the processes of its own machine alone, and leaves those of others
 * as they are.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerShared = (root: string): Layer.Layer<HomeBinding, StoreError, SqlClient.SqlClient> =>
  Layer.effect(
    HomeBinding,
    Effect.gen(function* () {
      const access = yield* Access.make("registry")
      yield* Effect.try({ try: () => Fs.mkdirSync(root, { recursive: true, mode: 0o700 }), catch: lookFailed(root) })
      yield* Effect.ignore(bindIfFree(access, root))
      const bound = yield* boundTo(access)
      const here = yield* placeOf(root)
      const isFirst = Option.exists(bound, (place) => isSame(place, here) && (place.host ?? here.host) === here.host)
      return {
        localName: isFirst ? undefined : `local@${Os.hostname()}:${here.root}`,
        other: Effect.succeedNone,
        adopt: () => Effect.void
      }
    })
  )

/**
 * A registry in memory, which has no home.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNone: Layer.Layer<HomeBinding> = Layer.succeed(HomeBinding, {
  localName: undefined,
  other: Effect.succeedNone,
  adopt: () => Effect.void
})

/**
 * The same store, without leases while the registry is bound to another home.
 *
 * @category combining
 * @since 0.1.0
 */
export const guard = (
  store: DeploymentStore["Type"],
  { other }: HomeBinding["Type"],
  path: string
): DeploymentStore["Type"] => ({
  ...store,
  acquire: (id, options) =>
    Effect.flatMap(
      other,
      Option.match({
        onNone: () => store.acquire(id, options),
        onSome: (home) =>
          Effect.fail(
            new StoreError({
              store: "registry",
              operation: "leases.acquire",
              reason: "copied",
              path,
              cause: new Error(`bound to ${home}`)
            })
          )
      })
    )
})

// internal

const decode = decodeRows(Schema.Struct({ value: Schema.parseJson(Place) }))
const encode = Schema.encodeSync(Schema.parseJson(Place))

const boundTo = ({ read, sql }: Access.Access): Effect.Effect<Option.Option<Place>, StoreError> =>
  read("home.find", Effect.flatMap(sql`SELECT value FROM meta WHERE name = 'home'`, decode)).pipe(
    Effect.map(([found]) => Option.map(Option.fromNullable(found), ({ value }) => value))
  )

const bindIfFree = (access: Access.Access, root: string): Effect.Effect<void, StoreError> =>
  Effect.flatMap(boundTo(access), (bound) => (Option.isSome(bound) ? Effect.void : bind(access, root, "NOTHING")))

const bind = (
  { sql, write }: Access.Access,
  root: string,
  onConflict: "NOTHING" | "UPDATE SET value = excluded.value" = "UPDATE SET value = excluded.value"
): Effect.Effect<void, StoreError> =>
  Effect.flatMap(placeOf(root), (place) =>
    Effect.asVoid(
      write(
        "home.bind",
        sql`INSERT INTO meta (name, value) VALUES ('home', ${encode(place)})
          ON CONFLICT (name) DO ${sql.literal(onConflict)}`
      )
    )
  )

const look = (root: string): Place => {
  const path = Fs.realpathSync(root)
  return { root: path, inode: String(Fs.statSync(path, { bigint: true }).ino), host: Os.hostname() }
}

const placeOf = (root: string): Effect.Effect<Place, StoreError> =>
  Effect.try({
    try: () => look(root),
    catch: lookFailed(root)
  })

const lookFailed = (root: string) => (cause: unknown) =>
  new StoreError({
    store: "registry",
    operation: "home.look",
    reason: classify(cause, "unreadable"),
    path: root,
    cause
  })

/** A folder that was moved is the same one if a link leads from its old path to it. */
const isSame = (bound: Place, here: Place): boolean =>
  bound.inode === here.inode && (bound.root === here.root || leadsTo(bound.root, here.root))

const leadsTo = (path: string, root: string): boolean => {
  try {
    return Fs.realpathSync(path) === root
  } catch {
    return false
  }
}

/** True if the folder of a binding is still the same one, with a registry. */
const exists = ({ inode, root }: Place): boolean =>
  Fs.statSync(root, { bigint: true, throwIfNoEntry: false })?.ino.toString() === inode &&
  Fs.existsSync(Path.join(root, "registry.db"))
