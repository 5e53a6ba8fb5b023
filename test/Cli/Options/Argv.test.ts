import { CliConfig, Options } from "@effect/cli"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, FastCheck } from "effect"
import * as Invoke from "../../../src/Cli/Commands/Invoke.js"
import * as Argv from "../../../src/Cli/Options/Argv.js"
import * as InvokeFlags from "../../../src/Cli/Options/InvokeFlags.js"
import { type Flag, type Spec, specOf } from "../../../src/Cli/Options/Spec.js"

const flag = (name: string, takesValue = true): Flag => ({ names: [name], takesValue })

const specs: ReadonlyArray<Spec> = [
  {
    name: "call",
    flags: [flag("--text"), flag("-x"), flag("--json", false), flag("--on", false), flag("--no-on", false)],
    children: []
  },
  { name: "group", flags: [], children: [{ name: "inner", flags: [flag("--json", false)], children: [] }] }
]

const parse = (...argv: ReadonlyArray<string>) => Either.getOrThrowWith(Argv.parse(specs, argv), (error) => error)

describe("Argv", () => {
  it("puts options first and arguments behind --", () => {
    expect(parse("call", "a", "--text", "t", "b").args).toEqual(["call", "--text", "t", "--", "a", "b"])
    expect(parse("call", "--text=t=u", "--", "--json").args).toEqual(["call", "--text", "t=u", "--", "--json"])
    expect(parse("call", "-", "-5").positionals).toEqual(["-", "-5"])
    expect(parse("group", "--json", "inner").path).toEqual(["group", "inner"])
  })

  it("puts options from before the command in front of --", () => {
    expect(parse("--json", "call", "a", "--", "-b").args).toEqual(["call", "--json", "--", "a", "-b"])
  })

  it("keeps every value unchanged, options and JSON included", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string(), FastCheck.array(FastCheck.string()), (value, positionals) => {
        const line = parse("call", `--text=${value}`, "--", ...positionals)
        expect(line.args.slice(0, 3)).toEqual(["call", "--text", value])
        expect(line.positionals).toEqual(positionals)
      })
    )
  })

  it("never throws, and fails with a sentence and a pointer", () => {
    const token = FastCheck.oneof(
      FastCheck.string(),
      FastCheck.constantFrom(
        "call",
        "group",
        "inner",
        "--text",
        "--json",
        "--",
        "-x",
        "--help",
        "--log-level",
        "--on=maybe"
      )
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(token), (argv) => {
        const line = Argv.parse(specs, argv)
        if (Either.isLeft(line)) expect(line.left.hint).toContain("--help")
      }),
      { numRuns: 500 }
    )
  })

  it("knows switches with an opposite", () => {
    for (const argv of [["--on", "false"], ["--on=false"], ["--no-on"]]) {
      expect(parse("call", ...argv).args).toEqual(["call", "--no-on"])
    }
    expect(parse("call", "--on", "true").args).toEqual(["call", "--on"])
    expect(parse("call", "--on", "yes").positionals).toEqual(["yes"])
  })

  it("calls one-letter fields by one dash or two", () => {
    expect(parse("call", "--x", "1").args).toEqual(["call", "-x", "1"])
    expect(parse("call", "-x", "1").args).toEqual(["call", "-x", "1"])
  })
})

describe("the first argument", () => {
  const { descriptor } = Invoke.make([])
  const find = (...argv: ReadonlyArray<string>) => Argv.firstArgument(specOf(descriptor), argv)

  it("is the deployment of `invoke`, before its options are known", () => {
    expect(find("invoke", "weather", "--city", "x")).toBe("weather")
    expect(find("--json", "invoke", "--input", "f.json", "weather")).toBe("weather")
    expect(find("--log-level", "debug", "invoke", "--json", "--timeout=1s", "weather")).toBe("weather")
    expect(find("invoke", "--json", "--", "--odd")).toBe("--odd")
    expect(find("invoke", "--city", "x", "weather")).toBeUndefined()
    expect(find("invoke", "--input")).toBeUndefined()
    expect(find("list", "invoke")).toBeUndefined()
  })
})

describe("InvokeFlags", () => {
  const schema = {
    type: "object",
    properties: { json: { type: "string" }, city: { type: "string" }, "two words": {}, "no-city": { type: "string" } }
  }

  it("renames what collides and leaves out what cannot be an option", () => {
    expect(InvokeFlags.parameters(schema).map(({ flag }) => flag)).toEqual(["param.json", "city", "param.no-city"])
  })

  it.effect("has no option for a pipeline without parameters", () =>
    Effect.gen(function* () {
      const none = InvokeFlags.all([])
      const [, , values] = yield* Options.processCommandLine(none, [], CliConfig.defaultConfig)
      expect(values).toEqual({})
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it("accepts --param.NAME for every parameter", () => {
    const given = InvokeFlags.parameters(schema)
    expect(InvokeFlags.plainFlags(given, ["--param.city=a=b", "--param.json", "j", "--param.other"])).toEqual([
      "--city=a=b",
      "--param.json",
      "j",
      "--param.other"
    ])
  })
})
