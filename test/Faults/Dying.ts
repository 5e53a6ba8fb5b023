/** Deployers in processes of their own that are killed with SIGKILL, at a named event or at some moment. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FileSystem, Path } from "@effect/platform"
import { Effect } from "effect"
import { build } from "esbuild"

const source = fileURLToPath(new URL("./victim.ts", import.meta.url))
const root = fileURLToPath(new URL("../..", import.meta.url))

/** The program, compiled once: starting it from source takes longer than most of what it does. */
export const compiled = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped({
    directory: path.join(root, "node_modules"),
    prefix: ".effect-deployers-dying-"
  })
  const outfile = path.join(folder, "victim.mjs")
  yield* Effect.promise(() =>
    build({
      entryPoints: [source],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      conditions: ["@effect-deployers/source"],
      plugins: [{ name: "packages", setup: ours }],
      logLevel: "error"
    })
  )
  return outfile
})

/** Ours are compiled in, everybody else's packages are found where they are installed. */
const ours = ({ onResolve }: import("esbuild").PluginBuild) =>
  onResolve({ filter: /^[^./]/ }, ({ path }) =>
    path.startsWith("effect-deployers") || path === source ? undefined : { path, external: true }
  )

export interface Task {
  readonly home: string
  readonly flavor: "local" | "docker"
  readonly host: string
  readonly operation: string
  readonly name: string
  readonly snapshot: string
  /** A command that runs the deployer elsewhere, such as in another network; default none. */
  readonly prefix?: ReadonlyArray<string> | undefined
}

/** What ended it: the signal, or nothing when it was done before. */
export type Ended = NodeJS.Signals | null

const start = (program: string, task: Task, event: string) => {
  const { flavor, home, host, name, operation, prefix = [], snapshot } = task
  const [command = process.execPath, ...rest] = [...prefix, process.execPath]
  return spawn(command, [...rest, program, home, flavor, host, operation, name, snapshot, event], {
    stdio: ["ignore", "pipe", "inherit"]
  })
}

/** Kills itself at an event. */
export const diesAt = (program: string, task: Task, event: string): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = start(program, task, event)
    child.stdout.resume()
    child.once("close", (_, signal) => resume(Effect.succeed(signal)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Is killed so long after it began. */
export const diesAfter = (program: string, task: Task, millis: number): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = start(program, task, "-")
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), millis))
    child.once("close", (_, signal) => resume(Effect.succeed(signal)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Is frozen at an event, until it is woken; then what it ended with is told. */
export const freezesAt = (program: string, task: Task, event: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly child: ReturnType<typeof start>; readonly said: () => string }>((resume) => {
      const child = start(program, task, `${event}!`)
      let said = ""
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        said += chunk
        if (said.includes("frozen")) resume(Effect.succeed({ child, said: () => said }))
      })
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  ).pipe(
    Effect.map(({ child, said }) => ({
      wake: Effect.async<string>((resume) => {
        child.once("close", () => resume(Effect.succeed(said())))
        child.kill("SIGCONT")
      })
    }))
  )
