/** The answer of a module: in plain Node, and as a deployed pipeline whose project is away. */
import { fileURLToPath } from "node:url"
import { Command, FileSystem, HttpBody, HttpClient, HttpClientResponse, Path } from "@effect/platform"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Deployer, Home, type Settings, Snapshot } from "effect-deployers"
import * as Contents from "../../src/Bundle/Contents.js"

/** A module that exports `answer`, and the project that it belongs to. */
export interface Subject {
  readonly name: string
  /** The folder of the project, which is renamed while its pipeline is deployed. */
  readonly project: string
  /** The module, relative to the folder. */
  readonly module: string
  readonly settings?: Settings.BundlingInput | undefined
  readonly deployment?: Settings.DeploymentInput | undefined
}

/** What a row of the corpus reports. */
export interface Measured {
  readonly programBytes: number
  readonly filesBytes: number
  readonly files: number
}

const plain = (name: string) => new URL(`./plain/${name}`, import.meta.url)

/** The answer in plain Node, as JSON. */
export const inNode = ({ module, project }: Subject) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const command = Command.make(
      process.execPath,
      "--import",
      plain("register.mjs").href,
      fileURLToPath(plain("run.mjs")),
      path.join(project, module)
    ).pipe(Command.workingDirectory(project), Command.env({ NODE_ENV: "" }), Command.stderr("inherit"))
    const [, answer] = /^answer:(.*)$/m.exec(yield* Command.string(command)) ?? []
    if (answer === undefined || answer === "undefined") {
      return yield* Effect.dieMessage(`${module} has no answer in plain Node`)
    }
    return answer
  })

/** The module of a pipeline with the answer of another one, beside it. */
const pipelineOf = (module: string) => `
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import * as module from ${JSON.stringify(`./${module}`)}

const loaded: any = module

export const corpus = Pipeline.make("corpus", {
  input: Schema.Struct({}),
  output: Schema.Struct({ answer: Schema.String }),
  run: () =>
    Effect.promise(async () => ({ answer: JSON.stringify(await (loaded.answer ?? loaded.default.answer)()) }))
})
`

/** Bundles the pipeline of a module, and measures what was made. */
export const bundled = ({ module, project, settings }: Subject) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { bundles } = yield* Home.Home
    const file = path.join(project, path.dirname(module), `corpus-${path.basename(module).replace(/\W/g, "-")}.mts`)
    yield* fs.writeFileString(file, pipelineOf(path.basename(module)))
    const snapshot = yield* Effect.ensuring(
      Snapshot.fromFile(file, { bundling: settings }),
      Effect.ignore(fs.remove(file))
    )
    const folder = path.join(bundles, snapshot.bundle.digest)
    const { size } = yield* fs.stat(path.join(folder, "main.mjs"))
    const { items } = yield* Contents.read(folder)
    const filesBytes = items.reduce((sum, item) => sum + (item._tag === "File" ? item.bytes : 0), 0)
    return { snapshot, measured: { programBytes: Number(size), filesBytes, files: items.length } satisfies Measured }
  })

const Answer = Schema.Struct({ outputs: Schema.Struct({ answer: Schema.String }) })

const invoked = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    client.post(`${url}/invoke`, { body: HttpBody.unsafeJson({ parameters: {} }) })
  ).pipe(
    Effect.flatMap((response) =>
      response.status === 200
        ? HttpClientResponse.schemaBodyJson(Answer)(response)
        : Effect.flatMap(response.text, (text) => Effect.dieMessage(`${response.status}: ${text}`))
    ),
    Effect.map(({ outputs }) => outputs.answer),
    Effect.scoped
  )

/** The last lines of a service; the reply of a failed run names only an id. */
const logOf = (name: string) =>
  Effect.flatMap(Deployer.Deployer, (deployer) => Stream.runCollect(deployer.logs(name, { tail: 30 }))).pipe(
    Effect.map((lines) =>
      Chunk.toReadonlyArray(lines)
        .map(({ text }) => text)
        .join("\n")
    ),
    Effect.orElseSucceed(() => "")
  )

/** The answer of a deployment, as JSON. The project is away until the deployment is removed. */
export const deployed = (subject: Subject, snapshot: Snapshot.Snapshot) =>
  Effect.scoped(
    Effect.gen(function* () {
      const deployer = yield* Deployer.Deployer
      yield* away(subject.project)
      const name = `corpus-${subject.name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`.slice(0, 40).replace(/-$/, "")
      const settings = { auth: { _tag: "none" as const }, ...subject.deployment }
      yield* Effect.addFinalizer(() => Effect.ignore(deployer.delete(name)))
      const { url } = yield* deployer.provision(snapshot, { name, settings })
      return yield* Effect.catchAllDefect(invoked(url ?? ""), (defect) =>
        Effect.flatMap(logOf(name), (log) => Effect.dieMessage(`${defect}\n${log}`))
      )
    })
  )

/** Renames a folder while the scope is open. */
const away = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.acquireRelease(fs.rename(folder, `${folder}.away`), () => Effect.orDie(fs.rename(`${folder}.away`, folder)))
  )
