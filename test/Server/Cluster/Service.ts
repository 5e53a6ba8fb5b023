/** A bundle served with workers by a real primary, in a folder of its own, and how to talk to it. */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Path from "node:path"
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { Effect, Schedule, Schema, type Scope } from "effect"
import type { Settings } from "effect-deployers"
import { Endpoint } from "../../../src/Contract/Manifest.js"
import { bundle } from "../Bundled.js"
import { manifestTest } from "../Manifest.js"
import { paced } from "./Paced.js"

const root = Path.resolve(import.meta.dirname, "../../..")

const entry = (declarations: string) => `
import { main } from "./src/Server/Entrypoint.js"
import { paced } from "./test/Server/Cluster/Paced.js"
import { Effect, Layer, Schema } from "effect"
import { Pipeline } from "effect-deployers"
${declarations}
main({ module: { pipeline }, file: "paced.ts" })`

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

export interface Service {
  readonly folder: string
  readonly primary: ChildProcess
  readonly ended: Effect.Effect<Ended>
  /** What it wrote so far. */
  readonly log: () => string
}

/** The Unix socket at which a service takes relayed connections. */
export const relaySocketOf = ({ folder }: Pick<Service, "folder">): string => `${folder}/relay.sock`

/** Starts a service; whatever is left of it is killed with the scope. `atDoor`: one that takes relayed connections, too. */
export const start = (
  serving: Settings.ServingInput,
  declarations = "export const pipeline = paced",
  environment: Readonly<Record<string, string>> = {},
  { atDoor = false } = {}
): Effect.Effect<Service, never, Scope.Scope | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ directory: Path.join(root, "node_modules") })
    yield* bundle(`${folder}/main.mjs`, entry(declarations))
    const manifest = {
      ...manifestTest(paced, { serving: { workers: 2, ...serving } }),
      runStore: `${folder}/runs.db`,
      endpointFile: `${folder}/endpoint.json`,
      ...(atDoor
        ? { door: { file: `${folder}/state.json`, socket: relaySocketOf({ folder }), host: "127.0.0.1" } }
        : {})
    }
    yield* fs.writeFileString(`${folder}/state.json`, JSON.stringify({ generation: manifest.generation }))
    yield* fs.writeFileString(`${folder}/manifest.json`, JSON.stringify(manifest))
    return yield* restart(folder, environment)
  }).pipe(Effect.orDie)

/** Starts the service of a folder again. */
export const restart = (
  folder: string,
  environment: Readonly<Record<string, string>> = {}
): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const primary = spawn(process.execPath, [`${folder}/main.mjs`, "serve", `${folder}/manifest.json`], {
        cwd: root,
        env: { ...process.env, ...environment },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"]
      })
      let log = ""
      const write = (data: Buffer) => {
        log += data
      }
      primary.stdout.on("data", write)
      primary.stderr.on("data", write)
      const ended = new Promise<Ended>((resolve) => primary.on("close", (code, signal) => resolve({ code, signal })))
      return { folder, primary, ended: Effect.promise(() => ended), log: () => log }
    }),
    ({ primary }) => Effect.sync(() => killGroup(primary))
  )

const killGroup = ({ pid }: ChildProcess) => {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL")
  } catch {
    // Nothing of it is left.
  }
}

/** Tries again until it holds, for twenty seconds at most. */
export const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, Schedule.intersect(Schedule.spaced("10 millis"), Schedule.recurs(2_000)))

/** Where a service answers, as soon as it says so. */
export const urlOf = ({ folder, primary }: Service) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${folder}/endpoint.json`)).pipe(
    Effect.flatMap(Schema.decode(Schema.parseJson(Endpoint))),
    Effect.filterOrFail(({ pid }) => pid === primary.pid),
    Effect.map(({ port }) => `http://127.0.0.1:${port}`),
    eventually,
    Effect.orDie
  )

export interface Reply {
  readonly status: number
  readonly text: string
  readonly headers: Http.IncomingHttpHeaders
}

/** One request over a connection of its own, unless an agent has some: each goes to another worker. */
export const ask = (
  url: string,
  path: string,
  body?: unknown,
  agent: Http.Agent | false = false,
  headers: Http.OutgoingHttpHeaders = {}
) =>
  Effect.async<Reply, Error>((resume) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const request = Http.request(`${url}${path}`, {
      agent,
      method: text === undefined ? "GET" : "POST",
      headers:
        text === undefined
          ? headers
          : { "content-type": "application/json", "content-length": Buffer.byteLength(text), ...headers }
    })
    request.on("error", (error) => resume(Effect.fail(error)))
    request.on("response", (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk) => chunks.push(chunk))
      response.on("error", (error) => resume(Effect.fail(error)))
      response.on("end", () =>
        resume(
          Effect.succeed({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
            headers: response.headers
          })
        )
      )
    })
    request.end(text)
    return Effect.sync(() => request.destroy())
  })

/** A request whose headers have arrived, on a connection of its own; `rest` sends its body and waits for the end. */
export const half = (url: string) =>
  Effect.async<{ readonly rest: Effect.Effect<string> }>((resume) => {
    const body = JSON.stringify({ parameters: { millis: 0 } })
    let received = ""
    const { hostname, port } = new URL(url)
    const socket = Net.connect({ host: hostname, port: Number(port) }, () => {
      const head = [
        "POST /invoke HTTP/1.1",
        `Host: ${hostname}`,
        "Content-Type: application/json",
        `Content-Length: ${body.length}`
      ]
      // Asked to go on, it is known to have been taken by a worker.
      socket.write(`${[...head, "Expect: 100-continue"].join("\r\n")}\r\n\r\n`)
    })
    const rest = Effect.async<string>((done) => {
      socket.on("close", () => done(Effect.succeed(received)))
      socket.write(body)
    })
    socket.on("error", () => {})
    socket.on("data", (data) => {
      const isFirst = received === ""
      received += data
      if (!isFirst || !received.startsWith("HTTP/1.1 100")) return
      received = received.slice(received.indexOf("\r\n\r\n") + 4)
      resume(Effect.succeed({ rest }))
    })
  })

/** Runs the pipeline; `outputs` is the process that did it. */
export const invoke = (url: string, millis: number, agent?: Http.Agent) =>
  Effect.map(ask(url, "/invoke", { parameters: { millis } }, agent), ({ status, text }) => {
    const json = JSON.parse(text) as {
      readonly outputs: number
      readonly metadata: { readonly runId: string; readonly runIndex: number }
    }
    return { status, pid: json.outputs, id: json.metadata?.runId, index: json.metadata?.runIndex }
  })

/** One number of the metrics. */
export const metric = (text: string, name: string) =>
  Number(new RegExp(`^deployers_${name.replaceAll(/[{}]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1])

/** The processes of a primary's workers that live. */
export const workersOf = ({ primary }: Service): ReadonlyArray<number> => {
  const { pid } = primary
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)
  } catch {
    return []
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

/** Runs a test with files. */
export const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
