/** How modules are written and how they find each other. */
import { commonJs, manifest, type Shape } from "./Shape.js"

export const modules: ReadonlyArray<Shape> = [
  {
    name: "exports with conditions, imported and required",
    module: "answer.mts",
    files: {
      "answer.mts": `
import { createRequire } from "node:module"
import { kind } from "dual"
import { sub } from "dual/sub/a"
const require = createRequire(import.meta.url)
export const answer = () => [kind, sub, require("dual").kind, require("user")]`,
      "node_modules/dual/package.json": manifest("dual", {
        exports: {
          ".": {
            browser: "./browser.js",
            import: { node: "./node.mjs", default: "./index.mjs" },
            require: "./index.cjs"
          },
          "./sub/*": "./parts/*.mjs"
        }
      }),
      "node_modules/dual/browser.js": 'throw new Error("no browser")',
      "node_modules/dual/node.mjs": 'export const kind = "node"',
      "node_modules/dual/index.mjs": 'export const kind = "import"',
      "node_modules/dual/index.cjs": 'exports.kind = "require"',
      "node_modules/dual/parts/a.mjs": 'export const sub = "a"',
      ...commonJs("node_modules", "user", 'module.exports = "user of " + require("dual").kind')
    }
  },
  {
    name: "imports of package.json (#internal)",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("app", {
        type: "module",
        imports: { "#config": { node: "./src/config.node.ts", default: "./src/config.ts" }, "#lib/*": "./src/lib/*.ts" }
      }),
      "src/answer.ts":
        'import { config } from "#config"\nimport { one } from "#lib/one"\nexport const answer = async () => [config, one, (await import("#lib/two")).two]',
      "src/config.node.ts": 'export const config = "node"',
      "src/config.ts": 'export const config = "default"',
      "src/lib/one.ts": "export const one = 1",
      "src/lib/two.ts": "export const two = 2"
    }
  },
  {
    name: "reference of a package to itself",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("@me/app", {
        type: "module",
        exports: { "./feature": "./src/feature.ts", "./package.json": "./package.json" }
      }),
      "src/answer.ts":
        'import { createRequire } from "node:module"\nimport { feature } from "@me/app/feature"\nexport const answer = () => [feature, createRequire(import.meta.url)("@me/app/package.json").version]',
      "src/feature.ts": 'export const feature = "feature"'
    }
  },
  {
    name: "JSON modules",
    module: "answer.mjs",
    files: {
      "answer.mjs": `
import { createRequire } from "node:module"
import { readFileSync } from "node:fs"
import data from "./data.json" with { type: "json" }
import lib from "lib/package.json" with { type: "json" }
const require = createRequire(import.meta.url)
const own = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8"))
export const answer = async () => [data, lib.version, require("./data.json").a, own.name, (await import("./data.json", { with: { type: "json" } })).default]`,
      "data.json": '{ "a": [1, 2], "default": 3 }',
      ...commonJs("node_modules", "lib", "")
    }
  },
  {
    name: "CommonJS project in TypeScript",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("app", {}),
      "tsconfig.json":
        '{ "compilerOptions": { "module": "commonjs", "esModuleInterop": true, "resolveJsonModule": true } }',
      "src/answer.ts": `
import { join } from "path"
import fs from "fs"
import lib, { named } from "lib"
import marked from "marked-module"
import data from "./data.json"
import { helper } from "./helper"
export const answer = () => [fs.readFileSync(join(__dirname, "text.txt"), "utf8"), lib(), named, marked, data.a, helper(), __filename.endsWith("answer.ts")]`,
      "src/helper.ts":
        'import fs = require("fs")\nexport const helper = () => [typeof fs.readFileSync, require("./data.json").a]',
      "src/data.json": '{ "a": 1 }',
      "src/text.txt": "text",
      ...commonJs("node_modules", "lib", 'module.exports = () => "callable"\nmodule.exports.named = "named"'),
      ...commonJs(
        "node_modules",
        "marked-module",
        'Object.defineProperty(exports, "__esModule", { value: true })\nexports.default = "default"'
      )
    }
  },
  {
    name: "CommonJS project in JavaScript",
    module: "answer.js",
    files: {
      "package.json": manifest("app", {}),
      "answer.js": `
const path = require("path")
const config = require("./config")
const handlers = ["a", "b"].map((name) => require("./handlers/" + name))
exports.answer = () => [config.name, handlers.map((handler) => handler()), path.basename(__filename), typeof this, module.exports === exports]`,
      "config.js": 'module.exports = { name: require("./package.json").name }',
      "handlers/a.js": 'module.exports = () => "a"',
      "handlers/b.js": 'module.exports = () => "b"'
    }
  },
  {
    name: ".mts and .cts",
    module: "src/answer.mts",
    files: {
      "package.json": manifest("app", {}),
      "src/answer.mts":
        'import legacy from "./legacy.cjs"\nimport { modern } from "./modern.mjs"\nexport const answer = () => [legacy.value, modern]',
      "src/legacy.cts": 'import path = require("path")\nexport = { value: path.basename(__dirname) }',
      "src/modern.mts": 'export const modern = "modern"'
    }
  },
  {
    name: "default and named exports of CommonJS packages",
    module: "answer.ts",
    files: {
      "answer.ts": `
import marked, { named } from "marked-module"
import * as all from "marked-module"
import callable from "callable"
import nothing from "nothing"
export const answer = () => [marked, named, Object.keys(all).filter((key) => key !== "__esModule").sort(), callable(), nothing]`,
      ...commonJs(
        "node_modules",
        "marked-module",
        '"use strict"\nObject.defineProperty(exports, "__esModule", { value: true })\nexports.default = "default"\nexports.named = "named"'
      ),
      ...commonJs("node_modules", "callable", '"use strict"\nmodule.exports = () => "called"'),
      ...commonJs("node_modules", "nothing", '"use strict"')
    }
  },
  {
    name: "dynamic imports from a map and by a pattern",
    module: "answer.ts",
    files: {
      "answer.ts": `
const handlers = { a: () => import("./handlers/a.js"), b: () => import("./handlers/b.js") }
const byName = (name: string) => import(\`./handlers/\${name}.js\`)
const byPattern = (name: string) => import(\`./handlers/\${name}.ts\`)
export const answer = async () => [
  (await import(\`./handlers/\${"b"}.js\`)).handle(), (await byName("a")).handle(), (await handlers.a()).handle(), (await handlers.b()).handle(), (await byPattern("c")).handle(),
  await byPattern("none").catch(() => "not found")
]`,
      "handlers/a.ts": 'export const handle = () => "a"',
      "handlers/b.ts": 'export const handle = () => "b"',
      "handlers/c.ts": 'export const handle = () => "c"'
    }
  },
  {
    name: "computed paths of folders that do not exist",
    module: "answer.js",
    files: {
      "package.json": manifest("app", {}),
      "answer.js": `
const load = (name) => { try { return require("./plugins/" + name) } catch (error) { return error.code } }
const loadLate = (name) => import("./later/" + name + ".js").catch((error) => error.code)
exports.answer = async () => [load("x"), await loadLate("y")]`
    }
  },
  {
    name: "circular imports",
    module: "answer.ts",
    files: {
      "answer.ts":
        'import { Child } from "./child.js"\nimport { Parent } from "./parent.js"\nexport const answer = () => [new Child().describe(), new Parent().child().describe()]',
      "parent.ts":
        'import { Child } from "./child.js"\nexport class Parent { describe() { return "I am a " + this.constructor.name }; child(): any { return new Child() } }',
      "child.ts": 'import { Parent } from "./parent.js"\nexport class Child extends Parent {}'
    }
  },
  {
    name: "top-level await in several modules",
    module: "answer.ts",
    files: {
      "answer.ts":
        'import { a } from "./a.js"\nimport { b } from "./b.js"\nconst c = await Promise.resolve(a + b)\nexport const answer = () => c',
      "a.ts": 'import { b } from "./b.js"\nexport const a = (await Promise.resolve(1)) + b',
      "b.ts": "export const b = await new Promise<number>((resolve) => setImmediate(() => resolve(2)))"
    }
  },
  {
    name: "side effects at load, in order",
    module: "answer.ts",
    files: {
      "answer.ts":
        'import "./polyfill.js"\nimport "effects"\nimport { order } from "./order.js"\nimport "./late.js"\nexport const answer = () => [order, (globalThis as any).effects, (Array.prototype as any).lastOne.call([1, 2])]',
      "order.ts": "export const order: Array<string> = []",
      "polyfill.ts":
        'import { order } from "./order.js"\norder.push("polyfill")\n;(Array.prototype as any).lastOne = function () { return this[this.length - 1] }',
      "late.ts": 'import { order } from "./order.js"\norder.push("late")',
      "node_modules/effects/package.json": manifest("effects", {
        type: "module",
        exports: "./index.js",
        sideEffects: ["./index.js"]
      }),
      "node_modules/effects/index.js": 'globalThis.effects = "ran"'
    }
  },
  {
    name: "export by a barrel",
    module: "index.ts",
    files: {
      "index.ts": 'export * from "./lib/index.js"',
      "lib/index.ts": 'export { answerOf as answer } from "./answer.js"\nexport * as more from "./answer.js"',
      "lib/answer.ts": 'export const answerOf = () => "through two barrels"'
    }
  },
  {
    name: "default export",
    module: "answer.mjs",
    files: {
      "answer.mjs": 'import lib from "./lib.mjs"\nexport default { answer: () => lib }',
      "lib.mjs": 'export default "default"'
    }
  },
  {
    name: "generated code with a source map",
    module: "dist/answer.js",
    files: {
      "package.json": manifest("app", { type: "module", main: "dist/answer.js" }),
      "dist/answer.js":
        'import { readFileSync } from "node:fs";\nexport const answer = () => readFileSync(new URL("../templates/a.txt", import.meta.url), "utf8");\n//# sourceMappingURL=answer.js.map\n',
      "dist/answer.js.map": '{"version":3,"sources":["../src/answer.ts"],"names":[],"mappings":"AAAA"}',
      "src/answer.ts": 'throw new Error("not this one")',
      "templates/a.txt": "template"
    }
  },
  {
    name: "optional packages that are not installed",
    module: "answer.ts",
    files: {
      "answer.ts": `
import { createRequire } from "node:module"
import lib from "lib"
const require = createRequire(import.meta.url)
const tried = () => { try { return require("not-installed") } catch (error: any) { return error.code } }
export const answer = async () => [lib(), tried(), await import("not-there" as string).catch((error) => error.code)]`,
      "node_modules/lib/package.json": manifest("lib", {
        main: "index.js",
        peerDependencies: { peer: "*" },
        peerDependenciesMeta: { peer: { optional: true } }
      }),
      "node_modules/lib/index.js":
        '"use strict"\nlet peer\ntry { peer = require("peer") } catch {}\nmodule.exports = () => peer === undefined ? "without peer" : "with peer"'
    }
  },
  {
    name: "packages by computed names",
    module: "answer.ts",
    files: {
      "package.json": manifest("app", { type: "module", dependencies: { "plugin-a": "*", "plugin-b": "*" } }),
      "answer.ts":
        'const names = ["plugin-a", "plugin-b"]\nexport const answer = () => Promise.all(names.map(async (name) => (await import(name)).default))',
      ...commonJs("node_modules", "plugin-a", 'module.exports = "a"'),
      ...commonJs("node_modules", "plugin-b", 'module.exports = "b"')
    }
  },
  {
    name: "data: imports, eval and functions from text",
    module: "answer.mjs",
    files: {
      "answer.mjs":
        'import one from "data:text/javascript,export default 1"\nconst local = 2\nexport const answer = async () => [one, eval("local + 1"), new Function("a", "return a * 2")(21), (await import("data:application/json,3", { with: { type: "json" } })).default]'
    }
  }
]
