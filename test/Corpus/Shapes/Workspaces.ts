/** Several packages in one repository, and packages that are not copies. */
import { commonJs, manifest, type Shape } from "./Shape.js"

const prompts = {
  "packages/prompts/package.json": manifest("@app/prompts", { type: "module", exports: { ".": "./src/index.ts" } }),
  "packages/prompts/src/index.ts": `
import { readFileSync } from "node:fs"
export const prompt: string = readFileSync(new URL("../prompt.txt", import.meta.url), "utf8")`,
  "packages/prompts/prompt.txt": "Be brief."
}

export const workspaces: ReadonlyArray<Shape> = [
  {
    name: "npm workspace, hoisted",
    module: "apps/api/src/answer.ts",
    files: {
      "package.json": manifest("root", { private: true, workspaces: ["apps/*", "packages/*"] }),
      "apps/api/package.json": manifest("api"),
      "apps/api/src/answer.ts": `
import { prompt } from "@app/prompts"
import lib from "lib"
export const answer = () => [prompt, lib.double(21)]`,
      ...prompts,
      "node_modules/@app/prompts": { link: "../../packages/prompts" },
      ...commonJs("node_modules", "lib", "exports.double = (n) => n * 2")
    }
  },
  {
    name: "pnpm workspace, isolated",
    module: "apps/api/src/answer.ts",
    files: {
      "package.json": manifest("root", { private: true }),
      "pnpm-workspace.yaml": "packages:\n  - apps/*\n  - packages/*\n",
      "apps/api/package.json": manifest("api"),
      "apps/api/src/answer.ts": `
import { prompt } from "@app/prompts"
import lib from "lib"
export const answer = () => [prompt, lib.read()]`,
      ...prompts,
      "apps/api/node_modules/@app/prompts": { link: "../../../../packages/prompts" },
      "apps/api/node_modules/lib": { link: "../../../node_modules/.pnpm/lib@1.0.0/node_modules/lib" },
      ...commonJs(
        "node_modules/.pnpm/lib@1.0.0/node_modules",
        "lib",
        'exports.read = () => require("fs").readFileSync(__dirname + "/data.txt", "utf8") + require("dep")'
      ),
      "node_modules/.pnpm/lib@1.0.0/node_modules/lib/data.txt": "data",
      "node_modules/.pnpm/lib@1.0.0/node_modules/dep": { link: "../../dep@2.0.0/node_modules/dep" },
      ...commonJs("node_modules/.pnpm/dep@2.0.0/node_modules", "dep", 'module.exports = "dep"')
    }
  },
  {
    name: "path aliases of tsconfig, over extends",
    module: "apps/api/answer.ts",
    files: {
      "package.json": manifest("root"),
      "tsconfig.base.json":
        '{ "compilerOptions": { "baseUrl": ".", "paths": { "@lib/*": ["libs/*/src"], "~/*": ["apps/api/*"] } } }',
      "apps/api/tsconfig.json": '{ "extends": "../../tsconfig.base.json" }',
      "apps/api/answer.ts":
        'import { twice } from "@lib/math"\nimport { n } from "~/deep/n"\nexport const answer = () => twice(n)',
      "apps/api/deep/n.ts": "export const n = 21",
      "libs/math/src/index.ts": 'export { twice } from "./twice"',
      "libs/math/src/twice.ts": "export const twice = (n: number) => n * 2"
    }
  },
  {
    name: "project references, built to dist",
    module: "app/src/answer.ts",
    files: {
      "package.json": manifest("root", { private: true, workspaces: ["app", "core"] }),
      "tsconfig.json": '{ "files": [], "references": [{ "path": "app" }, { "path": "core" }] }',
      "app/package.json": manifest("app"),
      "app/tsconfig.json": '{ "compilerOptions": { "composite": true }, "references": [{ "path": "../core" }] }',
      "app/src/answer.ts": 'import { core } from "core"\nexport const answer = () => core()',
      "core/package.json": manifest("core", {
        type: "module",
        exports: { types: "./dist/index.d.ts", default: "./dist/index.js" }
      }),
      "core/dist/index.js":
        'import { readFileSync } from "node:fs"\nexport const core = () => readFileSync(new URL("../core.txt", import.meta.url), "utf8")',
      "core/dist/index.d.ts": "export declare const core: () => string",
      "core/core.txt": "core",
      "node_modules/core": { link: "../core" }
    }
  },
  {
    name: "npm link of a package with packages of its own",
    module: "app/answer.ts",
    files: {
      "app/package.json": manifest("app"),
      "app/answer.ts": 'import linked from "linked"\nexport const answer = () => linked("x")',
      "app/node_modules/linked": { link: "../../linked" },
      "linked/package.json": manifest("linked", { main: "lib/index.js" }),
      "linked/lib/index.js":
        'const { join } = require("path")\nconst dep = require("dep")\nmodule.exports = (x) => dep(require("fs").readFileSync(join(__dirname, "..", "data", x + ".txt"), "utf8"))',
      "linked/data/x.txt": "linked",
      ...commonJs("linked/node_modules", "dep", "module.exports = (text) => text.toUpperCase()")
    }
  },
  {
    name: "file: dependency",
    module: "app/answer.ts",
    files: {
      "app/package.json": manifest("app", { type: "module", dependencies: { local: "file:../local" } }),
      "app/answer.ts": 'import { local } from "local"\nexport const answer = () => local',
      "app/node_modules/local": { link: "../../local" },
      "local/package.json": manifest("local", { type: "module", exports: "./index.js" }),
      "local/index.js":
        'import { createRequire } from "node:module"\nexport const local = createRequire(import.meta.url)("./data.json").local',
      "local/data.json": '{ "local": true }'
    }
  },
  {
    name: "git submodule",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("app"),
      "src/answer.ts": 'import vendor from "../vendor/lib/index.js"\nexport const answer = () => vendor.rules()',
      "vendor/lib/.git": "gitdir: ../../.git/modules/lib",
      "vendor/lib/package.json": manifest("vendored", { main: "index.js" }),
      "vendor/lib/index.js":
        'exports.rules = () => require("fs").readFileSync(require("path").join(__dirname, "rules.txt"), "utf8")',
      "vendor/lib/rules.txt": "rules"
    }
  },
  {
    name: "deep relative parents",
    module: "services/a/b/c/answer.ts",
    files: {
      "services/a/b/c/package.json": manifest("c"),
      "services/a/b/c/answer.ts": `
import { readFileSync } from "node:fs"
import { shared } from "../../../../shared/lib/index.js"
export const answer = () => [shared(), readFileSync(new URL("../../../../shared/data.txt", import.meta.url), "utf8")]`,
      "shared/package.json": manifest("shared"),
      "shared/lib/index.ts":
        'import { readFileSync } from "node:fs"\nimport { join } from "node:path"\nexport const shared = () => readFileSync(join(import.meta.dirname, "..", "data.txt"), "utf8").length',
      "shared/data.txt": "above"
    }
  },
  {
    name: "linked source folder",
    module: "app/answer.ts",
    files: {
      "app/package.json": manifest("app"),
      "app/answer.ts": 'import { read } from "./shared/index.js"\nexport const answer = () => read()',
      "app/shared": { link: "../common" },
      "common/index.ts":
        'import { readFileSync } from "node:fs"\nexport const read = () => readFileSync(new URL("text.txt", import.meta.url), "utf8")',
      "common/text.txt": "linked"
    }
  },
  {
    name: "spaces, unicode and signs in paths",
    module: "my app (ü) #1 100%/ans wer.ts",
    files: {
      "my app (ü) #1 100%/package.json": manifest("app"),
      "my app (ü) #1 100%/ans wer.ts": `
import { readFileSync } from "node:fs"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import lib from "lib"
export const answer = async () => {
  const [message] = await once(new Worker(new URL("./wörker.mjs", import.meta.url)), "message")
  return [message, readFileSync(new URL("./ä b.txt", import.meta.url), "utf8"), lib()]
}`,
      "my app (ü) #1 100%/wörker.mjs":
        'import { parentPort } from "node:worker_threads"\nparentPort.postMessage("worker")',
      "my app (ü) #1 100%/ä b.txt": "text",
      ...commonJs(
        "my app (ü) #1 100%/node_modules",
        "lib",
        'module.exports = () => require("fs").readFileSync(__dirname + "/d#.txt", "utf8")'
      ),
      "my app (ü) #1 100%/node_modules/lib/d#.txt": "data"
    }
  }
]
