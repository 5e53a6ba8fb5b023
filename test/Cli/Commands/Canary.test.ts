import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Deployers } from "../../../src/Cli/Deployers.js"
import { cli, json, World } from "../support.js"

const deploy = ["deploy", "weather.ts", "--name", "weather", "--no-typecheck"]

layer(World, { excludeTestServices: true })("canaries on the command line", (it) => {
  it.effect("deploy --canary says the share and the way on; promote and abort end it", () =>
    Effect.gen(function* () {
      yield* cli(deploy)
      const canary = yield* cli([...deploy, "--canary", "10%", "--json"])
      expect(json(canary)).toMatchObject({ generation: 1, candidate: { generation: 2, share: { parts: 10, of: 100 } } })
      expect(canary.stderr).toContain("Generation 2 serves 10 of 100 requests (10%).")
      expect(canary.stderr).toContain("Nothing watches its runs. `deployers promote weather`")
      expect((yield* cli(["describe", "weather"])).stdout).toContain("serves 10 of 100 requests (10%)")
      expect((yield* cli(["list"])).stdout).toContain("running, canary")
      expect(json(yield* cli([...deploy, "--json"]))).toMatchObject({ _tag: "CanaryActive", code: "ED3018" })
      expect(json(yield* cli(["abort", "weather", "--reason", "It is slow.", "--json"]))).toMatchObject({
        generation: 1
      })
      expect((yield* cli(["revisions", "weather"])).stdout).toContain("It is slow.")
      yield* cli([...deploy, "--canary", "10"])
      expect(json(yield* cli(["promote", "weather", "--json"]))).toMatchObject({ generation: 3 })
      expect(json(yield* cli(["promote", "weather", "--json"]))).toMatchObject({ _tag: "CanaryNotFound" })
    })
  )

  it.effect("refuses a deployer without canaries, and options that do not fit", () =>
    Effect.gen(function* () {
      const { canaries: _, ...plain } = (yield* Deployers).local
      const without = { local: plain, docker: plain, swarm: plain, kubernetes: plain }
      const refused = yield* Effect.provideService(cli(["promote", "weather", "--json"]), Deployers, without)
      expect(json(refused)).toMatchObject({ _tag: "CanaryUnsupported", name: "weather" })
      for (const [options, words] of [
        [["--abort-on", "5%"], "add --canary 10%"],
        [["--canary", "10%", "--for", "1m"], "add --abort-on 5%"],
        [["--canary", "10%", "--plan"], "exclude each other"],
        [["--canary", "ten"], "a percentage such as"]
      ] as const) {
        const said = yield* cli([...deploy, ...options])
        expect([said.exitCode, said.stderr]).toEqual([2, expect.stringContaining(words)])
      }
    })
  )
})
