import { tmpdir } from "node:os"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { ConfigProvider, Effect, Layer } from "effect"
import * as Processes from "../../../src/Local/Processes.js"
import * as Machine from "../../../src/Local/ServiceManager/Machine.js"
import * as ServiceManager from "../../../src/Local/ServiceManager.js"
import * as Home from "../../../src/Store/Home.js"

/** A machine whose commands are recorded and answered by the test. */
export interface Options {
  readonly platform?: NodeJS.Platform
  readonly uid?: number
  readonly booted?: boolean
  readonly node?: string
  readonly variables?: Readonly<Record<string, string>>
  readonly answer?: (command: string) => Partial<Machine.Ended>
}

/** A file system in which systemd manages the machine, or does not, and the folders of root are below `root`. */
const filesOf = (root: string, booted: boolean) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => {
      const at = (path: string) => (/^\/(etc|Library)\//.test(path) ? `${root}${path}` : path)
      return {
        ...fs,
        exists: (path) => (path === "/run/systemd/system" ? Effect.succeed(booted) : fs.exists(at(path))),
        readFileString: (path, encoding) => fs.readFileString(at(path), encoding),
        writeFileString: (path, text, options) => fs.writeFileString(at(path), text, options),
        makeDirectory: (path, options) => fs.makeDirectory(at(path), options),
        remove: (path, options) => fs.remove(at(path), options)
      } satisfies FileSystem.FileSystem
    })
  )

/** A service manager on a machine of the test, in a folder that is removed with the scope. */
export const machine = ({
  answer,
  booted = true,
  node,
  platform = "linux",
  uid = 1000,
  variables = {}
}: Options = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ directory: tmpdir(), prefix: "effect-deployers-managed-" })
    const commands: Array<string> = []
    const layer = ServiceManager.layerMachine.pipe(
      Layer.provide(filesOf(root, booted)),
      Layer.provide(
        Layer.succeed(Machine.Machine, {
          platform,
          uid,
          user: "ada",
          userHome: root,
          node: node ?? "/opt/node 20/bin/node",
          configFolder: `${root}/.config`,
          run: (program, args) =>
            Effect.sync(() => {
              const command = [program, ...args].join(" ")
              commands.push(command)
              return { exitCode: 0, output: "", ...answer?.(command) }
            })
        })
      ),
      Layer.provide(Layer.merge(Home.layer(`${root}/.effect-deployers`), Processes.layer)),
      Layer.provide(NodeFileSystem.layer)
    )
    const environment = ConfigProvider.fromMap(new Map(Object.entries({ PATH: "/usr/bin:/bin", ...variables })))
    const use = <A, E>(with_: (manager: ServiceManager.ServiceManager["Type"]) => Effect.Effect<A, E>) =>
      Effect.flatMap(ServiceManager.ServiceManager, with_).pipe(
        Effect.provide(layer),
        Effect.withConfigProvider(environment)
      )
    return { commands, fs, root, use, read: (path: string) => fs.readFileString(path) }
  }).pipe(Effect.provide(NodeFileSystem.layer))
