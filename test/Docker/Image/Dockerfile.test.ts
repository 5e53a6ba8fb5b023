import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { Instruction, render } from "../../../src/Docker/Image/Dockerfile.js"
import { instructions } from "../../../src/Docker/Image/FromImage.js"

/** A reader of Dockerfiles that knows every trick of the language it could be fooled with. */
const parse = (dockerfile: string): ReadonlyArray<Instruction> => {
  const lines = dockerfile.split(/\r\n|[\n\r\u2028\u2029\u0085\v\f]/)
  assert.strictEqual(lines.pop(), "")
  for (const line of lines) {
    assert.notMatch(line, /^\s*#/, "a comment or directive")
    assert.notMatch(line, /[\\`]/, "an escape")
    assert.notMatch(line, /\$/, "a variable")
    assert.notMatch(line, /<</, "a here-document")
  }
  return lines.map(parseLine)
}

const parseLine = (line: string): Instruction => {
  const [, keyword = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? []
  const list = (text: string): Array<string> => JSON.parse(text)
  const pair = () => {
    const [, name = "", value = ""] = /^([^= ]+)="([^"]*)"$/.exec(rest) ?? assert.fail(line)
    return { name, value }
  }
  switch (keyword) {
    case "FROM": {
      const [image = "", as, stage, ...more] = rest.split(" ")
      assert.isEmpty(more)
      assert.strictEqual(as, stage === undefined ? undefined : "AS")
      return Instruction.From(stage === undefined ? { image } : { image, stage })
    }
    case "WORKDIR":
      return Instruction.WorkingFolder({ path: rest })
    case "COPY": {
      const [, stage, paths = ""] = /^(?:--from=(\S+) )?(.*)$/.exec(rest) ?? []
      const sources = list(paths)
      const target = sources.pop() ?? ""
      return Instruction.Copy(stage === undefined ? { sources, target } : { sources, target, stage })
    }
    case "RUN":
      return Instruction.Run({ command: list(rest) })
    case "ENV":
      return Instruction.Variable(pair())
    case "LABEL":
      return Instruction.Label(pair())
    case "USER":
      return Instruction.User({ user: rest })
    case "ENTRYPOINT":
      return Instruction.EntryPoint({ command: list(rest) })
    case "HEALTHCHECK":
      assert.strictEqual(rest, "NONE")
      return Instruction.NoHealthCheck()
    case "CMD":
      assert.strictEqual(rest, "[]")
      return Instruction.NoCommand()
    default:
      return assert.fail(`an instruction that is not ours: ${line}`)
  }
}

const hostile = [
  "\nRUN id",
  "\r\nUSER root",
  "# syntax=evil/frontend",
  "# escape=`",
  "a\\",
  "a\\\n",
  "\u0024{HOME}",
  "$(id)",
  "`id`",
  "<<EOF",
  "x y",
  '"',
  '", "b',
  "'",
  "--from=other",
  "--mount=type=secret",
  "\u2028RUN id",
  "\u0085",
  "\0",
  "..",
  "a]",
  "node:22",
  "/app",
  "10001:10001",
  "NODE_ENV"
]

const word = FastCheck.oneof(
  FastCheck.constantFrom(...hostile),
  FastCheck.string({ unit: "binary", maxLength: 20 }),
  FastCheck.tuple(FastCheck.stringMatching(/^[a-z0-9/.:-]{1,8}$/), FastCheck.constantFrom(...hostile)).map((parts) =>
    parts.join("")
  ),
  FastCheck.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
)
const words = FastCheck.array(word, { maxLength: 3 })
const stage = FastCheck.option(word, { nil: undefined })
const withStage = <A extends object>(fields: A, stage: string | undefined) =>
  stage === undefined ? fields : { ...fields, stage }

const instruction: FastCheck.Arbitrary<Instruction> = FastCheck.oneof(
  FastCheck.tuple(word, stage).map(([image, stage]) => Instruction.From(withStage({ image }, stage))),
  word.map((path) => Instruction.WorkingFolder({ path })),
  FastCheck.tuple(words, word, stage).map(([sources, target, stage]) =>
    Instruction.Copy(withStage({ sources, target }, stage))
  ),
  words.map((command) => Instruction.Run({ command })),
  words.map((command) => Instruction.EntryPoint({ command })),
  FastCheck.record({ name: word, value: word }).map((fields) => Instruction.Variable(fields)),
  FastCheck.record({ name: word, value: word }).map((fields) => Instruction.Label(fields)),
  word.map((user) => Instruction.User({ user }))
)

const from = Instruction.From({ image: "node:22-slim" })

describe("render", () => {
  it("G14: writes exactly the instructions it was given, or refuses them", () => {
    let written = 0
    FastCheck.assert(
      FastCheck.property(FastCheck.array(instruction, { maxLength: 2 }), (given) => {
        const all = [from, ...given]
        const rendered = render(all)
        if (Either.isLeft(rendered)) return
        written += given.length
        assert.deepStrictEqual(parse(rendered.right), all)
      }),
      { numRuns: 5_000 }
    )
    assert.isAbove(written, 150, "the property was tested on what is written, too")
  })

  it("G14 G23: refuses each trick wherever a word can be", () => {
    const places: ReadonlyArray<(word: string) => Instruction> = [
      (image) => Instruction.From({ image }),
      (stage) => Instruction.From({ image: "node", stage }),
      (path) => Instruction.WorkingFolder({ path }),
      (source) => Instruction.Copy({ sources: [source], target: "/app" }),
      (target) => Instruction.Copy({ sources: ["app/"], target }),
      (stage) => Instruction.Copy({ sources: ["app/"], target: "/app", stage }),
      (argument) => Instruction.Run({ command: ["node", argument] }),
      (argument) => Instruction.EntryPoint({ command: ["node", argument] }),
      (value) => Instruction.Variable({ name: "A", value }),
      (name) => Instruction.Variable({ name, value: "" }),
      (value) => Instruction.Label({ name: "a", value }),
      (name) => Instruction.Label({ name, value: "" }),
      (user) => Instruction.User({ user })
    ]
    for (const place of places) {
      for (const trick of ["\nRUN id", "a\rb", "a\\", "\u0024{A}", "$A", "`a`", "<<EOF", "a\u2028b", "a\0", '"', "é"]) {
        assert.isTrue(Either.isLeft(render([from, place(trick)])), `${place(trick)._tag} ${JSON.stringify(trick)}`)
      }
    }
  })

  it("G14: starts with a base image, never with a directive", () => {
    assert.isTrue(Either.isLeft(render([])))
    assert.isTrue(Either.isLeft(render([Instruction.Run({ command: ["id"] }), from])))
  })
})

describe("instructions", () => {
  const options = {
    from: `node:22-slim@sha256:${"0".repeat(64)}`,
    builder: "node:22",
    node: "node",
    labels: { "effect-deployers.image": "app" },
    packages: ["@img/sharp", "better-sqlite3"]
  }

  it("installs packages in a stage of its own and leaves its tools there", () => {
    const lines = Either.getOrThrow(render(instructions(options))).split("\n")
    assert.deepStrictEqual(
      lines.map((line) => line.replace(/"const\[a.*"\]/, "TIDY]")),
      [
        "FROM node:22 AS packages",
        "USER 0:0",
        "WORKDIR /build",
        'COPY ["packages/","/build/"]',
        'RUN ["npm","ci","--omit=dev","--ignore-scripts","--no-audit","--no-fund"]',
        'RUN ["npm","rebuild","--foreground-scripts","@img/sharp","better-sqlite3"]',
        `FROM ${options.from}`,
        "USER 0:0",
        'RUN ["node","-e",TIDY]',
        "WORKDIR /app",
        'COPY --from=packages ["/build/node_modules","/app/node_modules"]',
        'COPY ["app/","/app/"]',
        'ENV NODE_ENV="production"',
        'LABEL effect-deployers.image="app"',
        "HEALTHCHECK NONE",
        "USER 10001:10001",
        'ENTRYPOINT ["node","/app/start.mjs","serve"]',
        "CMD []",
        ""
      ]
    )
  })

  it("has one stage when there is nothing to install", () => {
    const text = Either.getOrThrow(render(instructions({ ...options, packages: [] })))
    assert.strictEqual(text.split("FROM ").length, 2)
    assert.notInclude(text, "packages")
    assert.notInclude(text, '"npm","ci"')
  })

  it("refuses an old Node, and removes package managers", () => {
    const run = instructions({ ...options, packages: [] }).find(({ _tag }) => _tag === "Run")
    const code = run?._tag === "Run" ? run.command[2] : undefined
    const tidyUp = (version: string) => {
      const removed: Array<string> = []
      let exitCode = 0
      const process = {
        versions: { node: version },
        exit: (code: number) => {
          exitCode = code
          throw new Error("exit")
        }
      }
      const fs = {
        rmSync: (path: string) => removed.push(path),
        existsSync: () => true,
        readdirSync: () => ["yarn-v1"]
      }
      const context = { process, console: { error: () => undefined }, require: () => fs }
      const result = Either.try(() => runInNewContext(code ?? "", context))
      return { exitCode, removed, ended: Either.isLeft(result) }
    }
    for (const version of ["20.19.0", "20.20.2", "22.0.0", "100.1.1"])
      assert.strictEqual(tidyUp(version).exitCode, 0, version)
    for (const version of ["20.18.9", "18.20.0", "8.0.0"]) {
      assert.deepStrictEqual(tidyUp(version), { exitCode: 64, removed: [], ended: true }, version)
    }
    const { removed } = tidyUp("22.0.0")
    assert.includeMembers(removed, [
      "/usr/local/bin/npm",
      "/usr/bin/npx",
      "/usr/local/lib/node_modules",
      "/opt/yarn-v1"
    ])
  })
})
