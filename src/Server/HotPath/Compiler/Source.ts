/**
 * JavaScript that is put together for one schema. Each part of the schema gets a function of its own, so that V8 knows
 * the objects that come by each place: closures which all schemas share take several times as long.
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

  /** A name that nothing else has. */
  fresh(): Code {
    return `v${this.#count++}`
  }

  /** An expression for a value. Nothing of a schema is ever taken for code: texts are quoted, the rest is handed over. */
  value(value: unknown): Code {
    if (typeof value === "string") return JSON.stringify(value)
    if (typeof value === "boolean" || value === null || value === undefined) return String(value)
    return `values[${this.#values.push(value) - 1}]`
  }

  /** The name of a value. */
  constant(value: unknown): Code {
    const known = this.#constants.get(value)
    if (known !== undefined) return known
    const name = this.fresh()
    this.#constants.set(value, name)
    this.#functions.push(`const ${name} = ${this.value(value)};`)
    return name
  }

  /** Calls the function of a part of the schema; `body` writes it the first time, of an argument. */
  call(ast: AST.AST, argument: Code, body: (argument: Code) => Code): Code {
    const known = this.#names.get(ast)
    if (known !== undefined) return `${known}(${argument})`
    const name = this.fresh()
    this.#names.set(ast, name)
    this.#functions.push(`const ${name} = (value) => { ${body("value")} };`)
    return `${name}(${argument})`
  }

  /** The function that gives what an expression of `value` is; `undefined` where making code from texts is forbidden. */
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
