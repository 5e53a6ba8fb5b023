import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Errors } from "effect-deployers"
import * as ErrorGuide from "../../src/Cli/ErrorGuide.js"
import { Input, Output, runWith } from "../../src/Cli/index.js"
import { cli, json, Untouched, World } from "./support.js"

/** Runs a command line that needs no service. */
const alone = (...argv: ReadonlyArray<string>) => {
  const { layer, stderr, stdout } = Output.capture()
  return runWith(argv, { services: Untouched, doctor: Untouched }).pipe(
    Effect.flatMap((exitCode) => Effect.all({ exitCode: Effect.succeed(exitCode), stderr, stdout })),
    Effect.provide([layer, Input.layerTest({}), NodeContext.layer])
  )
}

describe("codes of errors", () => {
  it("are ED and four digits, each of one error, with a cause and a remedy", () => {
    const codes = ErrorGuide.entries.map(({ code }) => code)
    assert.strictEqual(new Set(codes).size, codes.length)
    for (const { cause, code, remedy } of ErrorGuide.entries) {
      assert.match(code, /^ED[1-9]\d{3}$/)
      assert.match(cause, /\.$/)
      assert.match(remedy, /\.$/)
    }
  })

  it("have the first digit of their kind", () => {
    const kinds = [
      Errors.NotFoundError,
      Errors.InvalidInputError,
      Errors.ConflictError,
      Errors.EngineError,
      Errors.StorageError,
      Errors.CallError,
      Errors.RunError
    ]
    const digits = kinds.flatMap(({ members }, at) => members.map(({ _tag }) => [_tag, `ED${at + 1}`] as const))
    for (const [tag, start] of digits) assert.isTrue(Errors.codes[tag].startsWith(start), tag)
    assert.strictEqual(digits.length, Object.keys(Errors.codes).length)
  })

  it("are those of errors, and of nothing else", () => {
    assert.strictEqual(Errors.codeOf(new Errors.InvalidName({ name: "" })), "ED2001")
    assert.isUndefined(Errors.codeOf({ _tag: "InvalidName" }))
    assert.isUndefined(Errors.codeOf(new Error("InvalidName")))
  })

  it.effect("stand behind the message, and in JSON", () =>
    Effect.gen(function* () {
      const plain = yield* cli(["describe", "missing"])
      assert.include(plain.stderr, "shows what there is. [ED1001]\n")
      assert.deepInclude(json(yield* cli(["describe", "missing", "--json"])), { code: "ED1001" })
      const usage = yield* cli(["describe", "--json"])
      assert.deepInclude(json(usage), { _tag: "UsageError", code: "ED9001" })
    }).pipe(Effect.provide(World))
  )
})

describe("deployers help", () => {
  it.effect("explains a code without a service, in any case of letters", () =>
    Effect.gen(function* () {
      const said = yield* alone("help", "ed1001")
      assert.strictEqual(said.exitCode, 0)
      assert.match(said.stdout, /^ED1001 DeploymentNotFound\n\nCause: .+\nRemedy: .+\n$/)
      const asJson = JSON.parse((yield* alone("help", "ED4004", "--json")).stdout) as Record<string, unknown>
      assert.deepInclude(asJson, { code: "ED4004", tag: "EngineUnavailable" })
      const unknown = yield* alone("help", "ED1999")
      assert.strictEqual(unknown.exitCode, 2)
      assert.include(unknown.stderr, 'No error has the code "ED1999".')
    })
  )

  it.effect("shows the help of a command, and of the program", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        (yield* alone("help", "secret", "set")).stdout,
        (yield* alone("secret", "set", "--help")).stdout
      )
      assert.strictEqual((yield* alone("help")).stdout, (yield* alone("--help")).stdout)
      assert.strictEqual((yield* alone("help", "nothing")).exitCode, 2)
    })
  )
})
