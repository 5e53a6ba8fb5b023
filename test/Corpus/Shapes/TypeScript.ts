/** What TypeScript adds to JavaScript. */
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { manifest, type Shape } from "./Shape.js"

const compiler = dirname(createRequire(import.meta.url).resolve("typescript/package.json"))

export const typeScript: ReadonlyArray<Shape> = [
  {
    name: "decorators of the standard",
    module: "answer.ts",
    files: {
      "answer.ts": `
const loud = (method: () => string, _: ClassMethodDecoratorContext) => function (this: unknown) { return method.call(this).toUpperCase() }
const named = (target: any, context: ClassDecoratorContext) => { target.label = String(context.name) }
@named class Greeter { static label = ""; @loud greet() { return "hello" } }
export const answer = () => [new Greeter().greet(), Greeter.label, Greeter.name]`
    }
  },
  {
    name: "experimental decorators",
    module: "answer.ts",
    files: {
      "tsconfig.json": '{ "compilerOptions": { "experimentalDecorators": true } }',
      "answer.ts": `
const registry: Array<string> = []
const register = (target: any) => { registry.push(target.name) }
const field = (target: any, key: string) => { registry.push(target.constructor.name + "." + key) }
const parameter = (_: any, key: any, index: number) => { registry.push(String(key) + index) }
@register class User { @field name = "Ada"; constructor(@parameter readonly id: number) {} }
export const answer = () => [registry, new User(1)]`
    }
  },
  {
    name: "metadata of decorators",
    module: "src/answer.ts",
    files: {
      "package.json": manifest("app", { type: "module", devDependencies: { typescript: "*" } }),
      "tsconfig.json":
        '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true, "useDefineForClassFields": false } }',
      "node_modules/typescript": { link: compiler },
      "src/answer.ts": `
import { types } from "./metadata.js"
import { Engine } from "./engine.js"
const injectable = (_: any) => {}
@injectable class Car { constructor(readonly engine: Engine, readonly at: Date) {} }
export const answer = () => [types(Car), new Car(new Engine(), new Date(0)).engine.start()]`,
      "src/engine.ts": 'export class Engine { start() { return "started" } }',
      "src/metadata.ts": `
const known = new Map<any, Array<any>>()
;(Reflect as any).metadata = (key: string, value: any) => (target: any) => { if (key === "design:paramtypes") known.set(target, value) }
export const types = (target: any) => [...known].filter(([key]) => key === target || key.name === target.name).flatMap(([, value]) => value.map((type: any) => type.name))`
    }
  },
  {
    name: "enum, const enum and namespace",
    module: "answer.ts",
    files: {
      "tsconfig.json": '{ "compilerOptions": { "isolatedModules": true } }',
      "answer.ts": `
import { Color, Size } from "./enums.js"
namespace Shapes { export const name = "square"; export namespace Inner { export const side = 2 } }
export const answer = () => [Color.Red, Color[1], Size.Large, Shapes.name, Shapes.Inner.side, Object.keys(Color)]`,
      "enums.ts":
        'export enum Color { Red, Green = 1, Blue = Green << 2 }\nexport const enum Size { Small = "s", Large = "l" }'
    }
  },
  {
    name: "jsx with a factory of one's own",
    module: "answer.tsx",
    files: {
      "tsconfig.json": '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h", "jsxFragmentFactory": "Fragment" } }',
      "answer.tsx": `
const Fragment = "fragment"
const h = (type: any, props: any, ...children: Array<any>): any => typeof type === "function" ? type({ ...props, children }) : [type, props, ...children]
const Title = ({ children }: any) => <h1 class="title">{children}</h1>
export const answer = () => <><Title>Hello</Title><br /></>`
    }
  },
  {
    name: "jsx of a package",
    module: "answer.tsx",
    files: {
      "tsconfig.json": '{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "tiny" } }',
      "answer.tsx": 'export const answer = () => <p id="a">Hello {1 + 1}</p>',
      "node_modules/tiny/package.json": manifest("tiny", {
        type: "module",
        exports: { "./jsx-runtime": "./jsx-runtime.js" }
      }),
      "node_modules/tiny/jsx-runtime.js": "export const jsx = (type, props) => [type, props]\nexport const jsxs = jsx"
    }
  },
  {
    name: "using and await using",
    module: "answer.ts",
    files: {
      "answer.ts": `
export const answer = async () => {
  const closed: Array<string> = []
  {
    using _ = { [Symbol.dispose]: () => closed.push("sync") }
    await using __ = { [Symbol.asyncDispose]: async () => { closed.push("async") } }
    closed.push("body")
  }
  return closed
}`
    }
  },
  {
    name: "byte order marks and CRLF",
    module: "answer.ts",
    files: {
      "package.json": `\uFEFF${manifest("app")}`,
      "answer.ts":
        '\uFEFF#!/usr/bin/env node\r\nimport { text } from "./text.js"\r\nimport lib from "./lib.json" with { type: "json" }\r\nexport const answer = () => [text, `a\r\nb`.length, lib.a]\r\n',
      "text.ts": "\uFEFFexport const text = `one\r\ntwo`\r\nimport.meta.url\r\n",
      "lib.json": '\uFEFF{ "a": 1 }\r\n'
    }
  },
  {
    name: "folders and files without extensions in imports",
    module: "src/answer.ts",
    files: {
      "tsconfig.json": '{ "compilerOptions": { "baseUrl": "src", "moduleResolution": "bundler" } }',
      "src/answer.ts":
        'import { lib } from "./lib"\nimport { util } from "util/index"\nimport { view } from "./view"\nexport const answer = () => [lib, util, view]',
      "src/lib/index.ts": "export const lib = 1",
      "src/util/index.ts": "export const util = 2",
      "src/view.tsx": "export const view = 3"
    }
  },
  {
    name: "classes and functions with equal names",
    module: "answer.ts",
    files: {
      "answer.ts": `
import * as a from "./a.js"
import * as b from "./b.js"
export const answer = () => [
  ...[a, b].flatMap(({ NotFound, User, load }) => [User.name, new User().constructor.name, load.name, new NotFound().name, String(new NotFound("x"))]),
  a.default.name, b.default.name, a.anonymous.name, b.anonymous.name
]`,
      "a.ts":
        "export class User {}\nexport function load() {}\nexport class NotFound extends Error { override name = this.constructor.name }\nexport default class {}\nexport const anonymous = () => {}",
      "b.ts":
        "export class User {}\nexport function load() {}\nexport class NotFound extends Error { override name = this.constructor.name }\nexport default function () {}\nexport const anonymous = class {}"
    }
  },
  {
    name: "newer syntax",
    module: "answer.ts",
    files: {
      "answer.ts": `
class Counter { static #made = 0; static { Counter.#made = 1 } accessor count = 0; #x = 1; static has(o: object) { return #x in o }; static get made() { return Counter.#made } }
const parsed = { a: 1 } satisfies Record<string, number>
export const answer = () => { const c = new Counter(); c.count ??= 3; c.count ||= 4; return [Counter.has(c), Counter.has({}), Counter.made, c.count, parsed.a, /[\\p{L}--[a-z]]/v.test("A"), 1_000n.toString()] }`
    }
  }
]
