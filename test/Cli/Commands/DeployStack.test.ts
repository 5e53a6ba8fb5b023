import { FileSystem } from "@effect/platform"
import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Deployer, Stack } from "effect-deployers"
import { cli, json, World } from "../support.js"

/** A settings file with this text in a folder of its own; the other files lie beside it. */
const file = (text: string, others: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "stack-" })
    for (const [name, content] of Object.entries(others)) yield* fs.writeFileString(`${folder}/${name}`, content)
    yield* fs.writeFileString(`${folder}/deployers.config.ts`, text)
    return `${folder}/deployers.config.ts`
  })

const head = `import { defineConfig, ref } from "effect-deployers/Config"\n`

const twoServices = `${head}
export default defineConfig({
  deployments: {
    front: {
      pipeline: "./weather.ts",
      environment: { BACK_URL: ref("back").url },
      secrets: { BACK_KEY: ref("back").key }
    },
    back: { pipeline: "./weather.ts", port: 8_123 }
  },
  stages: { staging: { environment: { LEVEL: "debug" }, port: 8_124 } }
})`

const settingsOf = (name: string) =>
  Effect.flatMap(Deployer.Deployer, (deployer) =>
    Effect.map(deployer.revisions(name), ([newest]) => newest?.settings ?? {})
  )

layer(World)("deploy of the settings file", (it) => {
  it.scoped("shows the plan alone with --plan, then deploys in the order of references", () =>
    Effect.gen(function* () {
      const config = yield* file(twoServices)
      const plan = yield* cli(["deploy", "--config", config, "--plan"])
      expect(plan.stdout).toMatch(/^back: create with weather@1\nfront: create with weather@1/)
      expect(json(yield* cli(["list", "--json"]))).toEqual({ deployments: [] })
      const said = yield* cli(["deploy", "--config", config, "--json"])
      expect(said.stderr).toContain("front: create with weather@1")
      expect(said.stderr).toMatch(/back: the new version was started/)
      expect(json(said)).toMatchObject({
        changed: true,
        deployments: [
          { name: "back", changed: true, url: "http://127.0.0.1:8123", authKey: expect.any(String) },
          { name: "front", changed: true, authKey: expect.any(String) }
        ]
      })
      const { deployments } = json(said) as { readonly deployments: ReadonlyArray<{ readonly authKey: string }> }
      const front = yield* settingsOf("front")
      expect(front).toMatchObject({ environment: { BACK_URL: "http://127.0.0.1:8123" } })
      expect(JSON.stringify(front)).not.toContain(deployments[0]?.authKey)
      const again = yield* cli(["deploy", "--config", config, "--json"])
      expect(json(again)).toMatchObject({ changed: false, deployments: [{ changed: false }, { changed: false }] })
      expect(again.stdout).not.toContain("authKey")
      expect((yield* cli(["deploy", "--config", config])).stdout).toContain("front has not changed")
    })
  )

  it.scoped("deploys named deployments with those they refer to, and a stage under names of its own", () =>
    Effect.gen(function* () {
      const config = yield* file(twoServices)
      const back = yield* cli(["deploy", "back", "--config", config, "--stage", "staging", "--json"])
      expect(json(back)).toMatchObject({ deployments: [{ name: "back-staging" }] })
      const front = yield* cli(["deploy", "--config", config, "--stage", "staging", "front", "--plan", "--json"])
      expect(json(front)).toMatchObject({ plan: [{ name: "back-staging" }, { name: "front-staging" }] })
      expect(yield* settingsOf("back-staging")).toMatchObject({ port: 8_124, environment: { LEVEL: "debug" } })
      const unknown = yield* cli(["deploy", "--config", config, "--stage", "prod"])
      expect(unknown.exitCode).toBe(1)
      expect(unknown.stderr).toContain('there is no stage "prod"; use one of staging')
    })
  )

  it.scoped("reads the environment of the process and the modules beside it", () =>
    Effect.gen(function* () {
      const config = yield* file(
        `${head}import { port } from "./ports.ts"
        export default defineConfig({
          deployments: { env: { pipeline: "./weather.ts", port, environment: { HOME_OF: process.env["PATH"] ?? "" } } }
        })`,
        { "ports.ts": "export const port: number = 8_125" }
      )
      const { members } = yield* Stack.load({ file: config })
      expect(members).toMatchObject([{ environment: { HOME_OF: process.env["PATH"] }, settings: { port: 8_125 } }])
    })
  )

  it.scoped("names the fault of a file, its place and the remedy", () =>
    Effect.gen(function* () {
      const faults: ReadonlyArray<readonly [text: string, message: string]> = [
        ["export default {", "cannot be loaded"],
        ["export const a = 1", "it has no default export; write `export default defineConfig("],
        [`throw new Error("no database")`, "no database"],
        [`export default { deployments: { a: {} } }`, "deployments.a.pipeline"],
        [`export default { deployment: {} }`, "deployment"],
        [
          `export default { deployments: { a: { pipeline: "./weather.ts", prot: 1 } } }`,
          "deployments.a.prot: no deployer has a setting of this name"
        ],
        [
          `export default { deployments: { a: { pipeline: "./weather.ts", timeoutMillis: "2m" } } }`,
          "deployments.a.timeoutMillis"
        ]
      ]
      for (const [text, message] of faults) {
        const said = yield* cli(["deploy", "--config", yield* file(text)])
        expect([text, said.exitCode]).toEqual([text, 1])
        expect(said.stderr).toContain(message)
      }
      const missing = yield* cli(["deploy", "--config", "/nowhere/deployers.config.ts", "--json"])
      expect(json(missing)).toMatchObject({ _tag: "ConfigFileNotFound", file: "/nowhere/deployers.config.ts" })
    })
  )

  it.scoped("refuses the options of a single file", () =>
    Effect.gen(function* () {
      const config = yield* file(twoServices)
      for (const option of [["--env", "A=1"], ["--reset"], ["--port", "1"], ["--unset", "port"]]) {
        const said = yield* cli(["deploy", "--config", config, ...option])
        expect([option, said.exitCode]).toEqual([option, 2])
        expect(said.stderr).toContain("are in the settings file")
      }
      const both = yield* cli(["deploy", "weather.ts", "--name", "a", "--stage", "staging"])
      expect(both.exitCode).toBe(2)
      const unnamed = yield* cli(["deploy", "weather.ts"])
      expect(unnamed.stderr).toContain("The option --name is missing.")
    })
  )
})
