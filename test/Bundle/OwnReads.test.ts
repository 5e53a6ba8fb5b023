import { assert, describe, it } from "@effect/vitest"
import * as Masks from "../../src/Bundle/Masks.js"
import * as OwnReads from "../../src/Bundle/OwnReads.js"
import * as Requires from "../../src/Bundle/Requires.js"

describe("the files that own modules name", () => {
  it.each([
    ['join(dir, "locales/{{lng}}.json")', ["locales/*.json"]],
    ['"./i18n/{{lng}}/{{ns}}.json"', ["./i18n/*/*.json"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code as text
    ["`${import.meta.dirname}/data/%s.csv`", ["data/*.csv"]],
    ['__dirname + "/mails/{name}.html"', ["mails/*.html"]],
    ['join(here, "./schema/**/*.graphql")', ["./schema/**/*.graphql"]],
    ['"data/*.csv"', ["data/*.csv"]],
    ['"src/**/*.ts"', []],
    ['"*.md"', []],
    ['fetch("https://example.com/{id}.json")', []],
    ['"./handlers/{name}.ts"', []],
    ['log("a {b} c.d")', []]
  ])("has the globs of %s", (text, globs) => {
    assert.deepStrictEqual(OwnReads.patterns(text), globs)
  })

  it.each([
    ['{ glob: ["migrations/*.mjs", { cwd }] }', ["migrations/*.mjs"]],
    ['entities: ["./entities/**/*.ts"]', ["./entities/**/*.ts"]],
    ['"data/*.csv"', []],
    ['"*.js"', []]
  ])("has the globs of modules of %s", (text, globs) => {
    assert.deepStrictEqual(OwnReads.modulePatterns(text), globs)
  })

  it.each([
    ['jiti.import("./settings")', ["./settings"]],
    ["load('../a/b.ts', import.meta.url)", ["../a/b.ts"]],
    ['import("pkg")', []]
  ])("has the relative paths of %s", (text, paths) => {
    assert.deepStrictEqual(OwnReads.relativePaths(text), paths)
  })

  it.each([
    ['require.resolve("lib/package.json")', ["lib/package.json"]],
    ["import.meta.resolve('./a.txt')", ["./a.txt"]],
    ['resolve(folder, "a.txt")', []]
  ])("has the names of %s", (text, names) => {
    assert.deepStrictEqual(OwnReads.resolvedNames(text), names)
  })
})

describe("the ends of paths", () => {
  it.each([
    ['const FILE = "data/a.csv"', ["data/a.csv"]],
    ['const DIR = "data"\nreaddirSync(DIR)', ["data"]],
    ['const DIR = "data"\njoin(DIR, "b.csv")', ["b.csv", "data/b.csv"]],
    ['path.join(yield* here, "..", "data", "c.json")', ["c.json", "../data/c.json"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code as text
    ["`${here}/prompts/d.md`", ["prompts/d.md"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code as text
    ['const DIR = "data"\nf(`${DIR}/e.txt`)', ["e.txt"].map((name) => `data/${name}`)],
    [
      'import "node:child_process"\nexecSync("python3 scripts/a.py --data ./b.csv")',
      ["python3 scripts/a.py --data ./b.csv", "scripts/a.py", "./b.csv"]
    ],
    ['import a from "./a.json"', []],
    ["join(folder, name)", []],
    ['readFile("/etc/hosts.conf")', []]
  ])("of %s", (text, ends) => {
    assert.deepStrictEqual(OwnReads.pathEnds(text, OwnReads.constantsOf([text])), ends)
  })
})

describe("a module that starts itself", () => {
  it.each([
    ["new Worker(new URL(import.meta.url))", true],
    ["new Worker(__filename, { workerData })", true],
    ["const me = fileURLToPath(import.meta.url)\nfork(me, ['child'])", true],
    ["if (isMainThread) start()", true],
    ['new Worker(new URL("./worker.js", import.meta.url))', false],
    ["const here = dirname(fileURLToPath(import.meta.url))\nfork(join(here, 'a.js'))", false]
  ])("is %s: %s", (text, expected) => {
    assert.strictEqual(OwnReads.startsItself(text), expected)
  })
})

describe("forms of require", () => {
  it.each([
    ["const load = require;\nload('./a/' + b)", "require('./a/' + b)"],
    ['createRequire(import.meta.url)("./a.json")', 'require("./a.json")'],
    ['module.createRequire(__filename).resolve("a")', 'require.resolve("a")'],
    ["const $r = require, b = $r('c')", "require('c')"],
    ["const load = createRequire(import.meta.url); load('a')", "require('a')"],
    ["const load = module.createRequire(__filename)\nload.resolve('a')", "require.resolve('a')"],
    [
      'const require = process.getBuiltinModule("module").createRequire(import.meta.url); require("a")',
      'const require$made = 0; require("a")'
    ],
    [
      "const { createRequire } = globalThis.process.getBuiltinModule('node:module'); createRequire(import.meta.url)('a')",
      "; require('a')"
    ],
    ['const load = (await import("node:module")).createRequire(import.meta.url); load("a")', 'require("a")'],
    ['require("module").createRequire(__filename)("a")', 'require("a")'],
    ["const get = createRequire(import.meta.url)('a'); get('b')", "get('b')"],
    ["const load = requireAll; load('a')", "load('a')"]
  ])("of %s", (text, part) => {
    assert.include(Requires.plain(text), part)
  })
})

describe("masks", () => {
  it("hide arguments by their bytes, each once", () => {
    const masks = Masks.make()
    const text = 'const ä = 1\nf("ü", require("./a/" + x), import("./b/" + y))'
    const places = [
      { file: "f", line: 2, column: 16, length: 10 },
      { file: "f", line: 2, column: 36, length: 10 }
    ]
    assert.isTrue(masks.add(places))
    assert.isTrue(masks.add(places.slice(1)))
    assert.isFalse(masks.add(places.slice(1)))
    assert.strictEqual(
      masks.apply("f", text),
      'const ä = 1\nf("ü", require(globalThis.String("./a/" + x)), import(globalThis.String("./b/" + y)))'
    )
    assert.strictEqual(masks.apply("g", text), text)
  })

  it("take an extension of JavaScript for that of TypeScript first", () => {
    const masks = Masks.make()
    const place = { file: "f", line: 1, column: 7, length: 18 }
    const text = 'import("./a/" + x + ".js")'
    masks.add([place])
    assert.strictEqual(masks.apply("f", text), 'import("./a/" + x + ".ts")')
    masks.add([place])
    assert.strictEqual(masks.apply("f", text), 'import(globalThis.String("./a/" + x + ".js"))')
  })
})
