/** Watches the folders of source files. */
import * as NodePath from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A watcher that can only get more folders. */
export interface Sources {
  /** Watches the folders of these files, too. */
  readonly add: (files: ReadonlyArray<string>) => Effect.Effect<void>
  /** Waits for changes since the last call, and until no other follows for a moment. */
  readonly changed: Effect.Effect<void>
}

/** Makes a watcher, which ends with the scope. */
export const make: Effect.Effect<Sources, never, FileSystem.FileSystem | Scope.Scope> = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const scope = yield* Effect.scope
  const changes = yield* Queue.sliding<void>(1)
  const folders = new Set<string>()
  const names = new Set<string>()
  const follow = (folder: string) =>
    fs.watch(folder).pipe(
      Stream.map(({ path }) => NodePath.basename(path)),
      // A new module may be one that an import could not find. Logs and databases of the pipeline are no sources.
      Stream.filter((name) => names.has(name) || isModule.test(name)),
      Stream.runForEach(() => Queue.offer(changes, undefined)),
      Effect.catchAll((error) => Effect.logWarning(`${folder} cannot be watched: ${error.message}`)),
      Effect.forkIn(scope)
    )
  return {
    add: (files) =>
      Effect.suspend(() => {
        const added = [...new Set(files.map((file) => NodePath.dirname(file)))].filter((folder) => !folders.has(folder))
        for (const folder of added) folders.add(folder)
        for (const file of files) names.add(NodePath.basename(file))
        return Effect.forEach(added, follow, { discard: true })
      }),
    changed: Queue.take(changes).pipe(
      Effect.zipRight(
        Queue.take(changes).pipe(
          Effect.timeoutOption(quiet),
          Effect.repeat({ while: (another) => another._tag === "Some" })
        )
      ),
      Effect.asVoid
    )
  }
})

// internal

const isModule = /\.[cm]?[jt]sx?$/

/** An editor saves a file in several steps. */
const quiet = "30 millis"
