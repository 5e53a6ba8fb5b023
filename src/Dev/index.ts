/** Serves a pipeline while its author changes it: each save is a new version in the same process. */
import * as NodePath from "node:path"
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Source } from "../Bundle/Contract.js"
import * as EsbuildService from "../Bundle/Esbuild.js"
import type { PipelineBundleFailed } from "../Errors/Pipelines.js"
import type { StoreError } from "../Errors/Stores.js"
import type { ListenFailed } from "../Server/Http/NodeServer.js"
import * as Ids from "../Store/Ids.js"
import type { RunStore } from "../Store/RunStore.js"
import * as Runs from "../Store/Runs.js"
import { Event } from "./Event.js"
import * as Host from "./Host.js"
import * as KeptLayers from "./KeptLayers.js"
import * as Modules from "./Modules.js"
import * as Sources from "./Sources.js"
import * as Uncaught from "./Uncaught.js"
import * as Version from "./Version.js"

export { Event } from "./Event.js"

export interface Options {
  readonly source: Source
  /** Default 3000, or another one if that is taken. */
  readonly port?: number | undefined
  readonly report: (event: Event) => Effect.Effect<void>
}

/**
 * Serves on loopback, without a key, until interrupted; runs are kept in memory.
 *
 * **Details**
 *
 * A save compiles the own modules and imports those that changed, with the modules that import them. Packages and other
 * modules stay loaded. A layer is kept if its value is that of a module that stayed: its service is shared by the versions,
 * and its finalizers run when no version uses it. A version that fails is reported by terminal and page; the warm state stays
 * for the next save. Modules of earlier versions stay in memory.
 */
export const serve = (options: Options): Effect.Effect<never, ListenFailed | StoreError, FileSystem.FileSystem> =>
  Effect.scoped(Effect.provide(session(options), Layer.merge(Runs.layerMemory, Ids.layer)))

// internal

const defaultPort = 3000

const session = ({ port, report, source: { export: name, file } }: Options) =>
  Effect.gen(function* () {
    const source = { file: NodePath.resolve(file), ...(name === undefined ? {} : { export: name }) }
    yield* EsbuildService.stopWithScope
    yield* Effect.sync(() => process.setSourceMapsEnabled(true))
    const host = yield* Host.make({ port: port ?? defaultPort, fallback: port === undefined }, report)
    yield* report(Event.Listening({ url: host.url }))
    yield* Uncaught.report((message) => report(Event.Failed({ message })))
    const sources = yield* Sources.make
    yield* sources.add([source.file])
    const reload = yield* reloading({ host, report, source, sources })
    // A save ends a reload in progress, such as one whose layer hangs.
    return yield* Effect.forever(Effect.raceFirst(Effect.zipRight(reload, Effect.never), sources.changed))
  })

interface Session {
  readonly source: Source
  readonly host: Host.Host
  readonly sources: Sources.Sources
  readonly report: (event: Event) => Effect.Effect<void>
}

/** The version that serves, or the failure that is shown instead. */
type Current = {
  failure: string | undefined
  version: Version.Version | undefined
  main: string
  files: ReadonlySet<string>
  generation: number
}

/** Serves the sources as they are now. Does nothing if they are those that serve. */
const reloading = (self: Session): Effect.Effect<Effect.Effect<void, never, Needs>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const memoMap = yield* KeptLayers.make
    const current: Current = { failure: undefined, version: undefined, main: "", files: new Set(), generation: 0 }
    yield* Effect.addFinalizer(() => current.version?.end ?? Effect.void)
    const loaded = (begun: number, modules: number) =>
      Effect.gen(function* () {
        current.failure = undefined
        yield* self.host.show(current.version?.handler ?? Host.failing("The pipeline is not loaded."))
        const all = current.files.size
        yield* self.report(Event.Loaded({ millis: yield* Host.since(begun), modules, all }))
      })
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const begun = yield* Clock.currentTimeMillis
        const { files, main, sources } = yield* restore(Modules.compile(self.source.file, folderOf(self.source.file)))
        yield* self.sources.add(sources)
        if (main === current.main) return yield* current.failure === undefined ? Effect.void : loaded(begun, 0)
        const { port } = self.host
        const generation = ++current.generation
        const version = yield* restore(Version.start({ source: self.source, main, memoMap, port, generation }))
        const { version: before } = current
        const modules = files.filter((one) => !current.files.has(one)).length
        Object.assign(current, { version, main, files: new Set(files) })
        yield* loaded(begun, modules)
        yield* version.stayLive(self.host.server)
        if (before !== undefined) yield* Effect.forkIn(before.end, scope)
      })
    ).pipe(
      Effect.catchAll(({ message }: PipelineBundleFailed | PlatformError | Version.VersionError) =>
        failed(self, current, message)
      )
    )
  })

type Needs = FileSystem.FileSystem | RunStore | Ids.Ids

/** A failure is reported once, however often the files are saved with it. */
const failed = ({ host, report }: Session, current: Current, message: string) =>
  Effect.suspend(() => {
    const isKnown = current.failure === message
    current.failure = message
    return isKnown ? Effect.void : Effect.zipRight(host.show(Host.failing(message)), report(Event.Failed({ message })))
  })

/** Packages are found from there as from the source. */
const folderOf = (file: string): string =>
  NodePath.join(NodePath.dirname(file), "node_modules", ".cache", "effect-deployers", "dev")
