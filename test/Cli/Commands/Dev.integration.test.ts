import { type ChildProcess, execFile, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const root = fileURLToPath(new URL("../../..", import.meta.url))

/** The program is tested as it is shipped: compiled. */
beforeAll(
  () =>
    new Promise<void>((resolve, reject) => {
      execFile("npm", ["run", "build", "--silent"], { cwd: root }, (error) => (error ? reject(error) : resolve()))
    })
)

const model = (offset: number) => `
import { Context, Effect, Layer } from "effect"
export class Model extends Context.Tag("Model")<Model, { readonly offset: number }>() {}
const build = Effect.sync(() => {
  console.log("model ${offset} is built")
  return { offset: ${offset} }
})
export const ModelLive = Layer.scoped(Model, Effect.acquireRelease(build, () => Effect.sync(() => console.log("model ${offset} is released"))))
`

const pipeline = (version: number, end = "") => `
import { Effect, Schema } from "effect"
import { Pipeline } from "effect-deployers"
import { Model, ModelLive } from "./model.js"
export const p = Pipeline.make("p", {
  input: Schema.Struct({}),
  output: Schema.Struct({ version: Schema.Number, offset: Schema.Number }),
  run: () => Effect.map(Model, ({ offset }) => ({ version: ${version}, offset }))
}).pipe(Pipeline.provide(ModelLive))
${end}`

/** A project with its packages, and \`deployers dev\` in it. */
const developing = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "dev-" }))
  yield* fs.makeDirectory(`${folder}/node_modules`)
  for (const name of ["effect", "@effect"]) {
    yield* fs.symlink(`${root}/node_modules/${name}`, `${folder}/node_modules/${name}`)
  }
  yield* fs.symlink(root, `${folder}/node_modules/effect-deployers`)
  const save = (name: string, text: string) => fs.writeFileString(`${folder}/${name}`, text)
  yield* save("package.json", '{ "type": "module" }')
  yield* save("model.ts", model(1))
  yield* save("p.ts", pipeline(1))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [`${root}/dist/bin.js`, "dev", "p.ts"], { cwd: folder })),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  return { ...follow(child), child, folder, save }
})

/** The output of a program: `says` waits for a text behind the last one that it waited for. */
const follow = (child: ChildProcess) => {
  let output = ""
  let from = 0
  let look = () => {}
  const add = (chunk: string) => {
    output += chunk
    look()
  }
  child.stdout?.setEncoding("utf8").on("data", add)
  child.stderr?.setEncoding("utf8").on("data", add)
  const says = (pattern: RegExp) =>
    Effect.async<string>((resume) => {
      look = () => {
        const found = pattern.exec(output.slice(from))
        if (found === null) return
        look = () => {}
        from += found.index + found[0].length
        resume(Effect.succeed(found[1] ?? found[0]))
      }
      look()
    }).pipe(
      Effect.timeoutFail({ duration: "60 seconds", onTimeout: () => new Error(`${pattern} is not in:\n${output}`) })
    )
  return { says, output: () => output }
}

const invoke = (url: string) =>
  Effect.promise(async () => {
    const headers = { "content-type": "application/json" }
    const response = await fetch(`${url}/invoke`, { method: "POST", headers, body: '{"parameters":{}}' })
    const body = (await response.json()) as { readonly outputs?: unknown; readonly message?: string }
    return { status: response.status, ...body }
  })

const page = (url: string) =>
  Effect.promise(() => fetch(url, { headers: { accept: "text/html" } }).then((it) => it.text()))

describe("deployers dev", () => {
  it.live("reloads with each save, keeps the warm state of unchanged modules, shows errors and recovers", () =>
    Effect.gen(function* () {
      const { child, folder, output, save, says } = yield* developing
      const url = yield* says(/Serving at (http:\S+) /)
      yield* says(/model 1 is built/)
      yield* says(/loaded 3 of 3 modules/)
      assert.deepInclude(yield* invoke(url), { status: 200, outputs: { version: 1, offset: 1 } })
      yield* says(/POST \/invoke 200/)

      yield* save("p.ts", pipeline(2))
      yield* says(/loaded 1 of 3 modules/)
      assert.deepInclude(yield* invoke(url), { outputs: { version: 2, offset: 1 } })

      yield* save("p.ts", pipeline(3, "syntax("))
      yield* says(/failed .*\/p\.ts could not be bundled/)
      yield* says(new RegExp(`${folder}/p.ts:\\d+:\\d+: Unexpected`))
      const refused = yield* invoke(url)
      assert.strictEqual(refused.status, 503)
      assert.include(refused.message, "p.ts could not be bundled")
      assert.include(yield* page(url), "p.ts could not be bundled")

      yield* save("p.ts", pipeline(4, 'throw new Error("at load")'))
      yield* says(/failed .*p\.ts failed while it was loaded: Error: at load/)
      yield* says(new RegExp(`${folder}/p.ts:10:`))

      yield* save("p.ts", pipeline(5))
      yield* says(/loaded \d of 3 modules/)
      assert.deepInclude(yield* invoke(url), { outputs: { version: 5, offset: 1 } })
      assert.strictEqual(output().match(/model 1 is built/g)?.length, 1, output())
      assert.notInclude(output(), "released")

      yield* save("model.ts", model(2))
      yield* says(/model 2 is built/)
      yield* says(/model 1 is released/)
      assert.deepInclude(yield* invoke(url), { outputs: { version: 5, offset: 2 } })

      yield* save("p.ts", pipeline(6, 'setTimeout(() => { throw new Error("a late one") }, 1)'))
      yield* says(/failed an uncaught error: Error: a late one/)
      assert.deepInclude(yield* invoke(url), { outputs: { version: 6, offset: 2 } })

      child.kill("SIGINT")
      yield* says(/model 2 is released/)
      const code = yield* Effect.async<number | null>((resume) => {
        if (child.exitCode !== null) return resume(Effect.succeed(child.exitCode))
        child.once("exit", (code) => resume(Effect.succeed(code)))
      })
      assert.strictEqual(code, 130)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  )
})
