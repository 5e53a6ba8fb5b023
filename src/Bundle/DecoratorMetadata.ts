/**
 * Own modules whose decorators need the types of what they decorate. A bundler does not know types, so the project's own
 * TypeScript emits them.
 */
import { createRequire } from "node:module"
import * as NodePath from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type TypeScript from "typescript"
import type { Project } from "./Project.js"

/** Turns the text of a module into JavaScript with the metadata of its decorators, if its tsconfig.json asks for that. */
export type Emitter = (file: string, text: string) => Effect.Effect<Option.Option<string>>

/** Makes an {@link Emitter}. TypeScript is loaded with the first module that has a decorator. */
export const emitter = (project: Project): Emitter => {
  let compiler: Option.Option<typeof TypeScript> | undefined
  return (file, text) =>
    Effect.sync(() => {
      if (!/\.[cm]?tsx?$/.test(file) || !decorated.test(text)) return Option.none()
      compiler ??= load(project)
      return Option.flatMap(compiler, (ts) => emit(ts, file, text))
    })
}

// internal

const decorated = /^[ \t]*@[A-Za-z_$][\w$.]*|[(,]\s*@[A-Za-z_$][\w$.]*\s*\(/m

const load = ({ directory }: Project): Option.Option<typeof TypeScript> =>
  Option.filter(
    Option.liftThrowable(() => createRequire(NodePath.join(directory, "x"))("typescript") as typeof TypeScript)(),
    (ts) => typeof ts.transpileModule === "function"
  )

const emit = (ts: typeof TypeScript, file: string, text: string): Option.Option<string> => {
  const config = ts.findConfigFile(NodePath.dirname(file), ts.sys.fileExists)
  if (config === undefined) return Option.none()
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(json, ts.sys, NodePath.dirname(config))
  if (options.emitDecoratorMetadata !== true || options.experimentalDecorators !== true) return Option.none()
  const { outputText } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: {
      ...options,
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      sourceMap: false,
      inlineSourceMap: true,
      inlineSources: false,
      declaration: false,
      composite: false
    }
  })
  return Option.some(outputText)
}
