/**
 * The JavaScript program of one schema. Each part of the schema has a function of its own, so that V8 sees objects of one
 * shape at each place. Closures that all schemas share take several times as long.
 */
import type * as AST from "effect/SchemaAST"

/** An expression or statements. */
export type Code = string

/** The functions and values of one program. */
export class Source {
  readonly #values: Array<unknown> = []
  readonly #constants = new Map<unknown, Code>()
  readonly #functions: Array<Code> = []
  readonly #names = new Map<AST.AST, Code>()
  #count = 0

  /** A name that is not used yet. */
  fresh(): Code {
    return `v${this.#count++}`
  }

  /** An expression for a value. Nothing of a schema becomes code: strings are quoted, other values are passed as data. */
  value(value: unknown): Code {
    if (typeof value === "string") return JSON.stringify(value)
    if (typeof value === "boolean" || value === null || value === undefined) return String(value)
    return `values[${this.#values.push(value) - 1}]`
  }

  /** The name of a constant with this value. */
  constant(value: unknown): Code {
    const known = this.#constants.get(value)
    if (known !== undefined) return known
    const name = this.fresh()
    this.#constants.set(value, name)
    this.#functions.push(`const ${name} = ${this.value(value)};`)
    return name
  }

  /** Calls the function of a part of the schema. The first call generates the function by `body`. */
  call(ast: AST.AST, argument: Code, body: (argument: Code) => Code): Code {
    const known = this.#names.get(ast)
    if (known !== undefined) return `${known}(${argument})`
    const name = this.fresh()
    this.#names.set(ast, name)
    this.#functions.push(`const ${name} = (value) => { ${body("value")} };`)
    return `${name}(${argument})`
  }

  /** The function that evaluates an expression of `value`, or `undefined` where Node forbids generated code. */
  evaluate<A>(expression: Code): ((value: unknown) => A) | undefined {
    const program = `"use strict"; ${this.#functions.join("\n")}\nreturn (value) => ${expression};`
    try {
      return new Function("values", program)(this.#values) as (value: unknown) => A
    } catch (error) {
      if (error instanceof EvalError) return undefined
      throw error
    }
  }
}
