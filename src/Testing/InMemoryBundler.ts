/** A bundler that makes no files: it loads a pipeline's module into this process, for the in-memory engine to run. */
import { createHash } from "node:crypto"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type Bundle, type BundleError, Bundler, type Source } from "../Bundle/Contract.js"
import * as Esbuild from "../Bundle/Esbuild.js"
import { choose } from "../Server/Entrypoint.js"
import { compile } from "../Snapshot/Spec.js"
import { load } from "./InMemoryBundler/LoadModule.js"
import * as OwnFiles from "./InMemoryBundler/OwnFiles.js"
import { InMemoryEngine } from "./InMemoryEngine.js"
import { inRealTime } from "./VirtualTime.js"

/**
 * Finds pipelines by the rules of the real bundler, with the same spec and the same errors, and registers them with the
 * engine.
 *
 * **Details**
 *
 * The module is imported as it is where this process can do that, so that a test and its deployments share one module;
 * otherwise the user's own files are transpiled into `node_modules/.cache/effect-deployers` of their project. The digest is
 * one of the own files: an unchanged file gives the same snapshot again. Packages are not looked into, so a package that
 * cannot be bundled is found by the real bundler only.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Bundler, never, InMemoryEngine> = Layer.scoped(
  Bundler,
  Effect.gen(function* () {
    const { pipelines } = yield* InMemoryEngine
    // The stop of esbuild's process takes real time, too.
    const service = yield* Effect.acquireRelease(Scope.make(), (scope, exit) => inRealTime(Scope.close(scope, exit)))
    yield* Scope.extend(Esbuild.stopWithScope, service)
    const files = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const digests = new Map<string, string>()
    return {
      bundle: (source) =>
        Effect.map(Effect.provide(inRealTime(bundle(source)), files), ({ fileDigest, ...made }) => {
          digests.set(made.digest, fileDigest)
          return made
        }),
      describe: ({ digest, source }) =>
        Effect.gen(function* () {
          const module = yield* load({ file: source.file, digest: digests.get(digest) ?? digest })
          const chosen = yield* choose({ module, exportName: source.export, file: source.file })
          const spec = yield* compile(chosen.pipeline)
          pipelines.set(digest, chosen.pipeline)
          return { spec, export: chosen.export }
        }).pipe(inRealTime, Effect.provide(files)),
      // Bundles are in memory, and running instances need theirs.
      removeUnused: () => Effect.succeed(0)
    }
  })
).pipe(Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer)))

// internal

const bundle = (
  asked: Source
): Effect.Effect<Bundle & { readonly fileDigest: string }, BundleError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const source = { ...asked, file: path.resolve(asked.file) }
    const fileDigest = yield* OwnFiles.digest(source.file)
    const digest = createHash("sha256")
      .update(JSON.stringify([fileDigest, path.basename(source.file), source.export ?? null]))
      .digest("hex")
    return { digest, fileDigest, directory: path.dirname(source.file), main: source.file, externals: [], source }
  })
