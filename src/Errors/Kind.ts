import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"

/**
 * Marks every tagged error of this library.
 *
 * @category type IDs
 * @since 0.1.0
 */
export const TypeId: unique symbol = Symbol.for("effect-deployers/Errors")

/**
 * @category type IDs
 * @since 0.1.0
 */
export type TypeId = typeof TypeId

/**
 * True for a tagged error of this library.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDeployersError = (u: unknown): u is Error & { readonly _tag: string; readonly [TypeId]: TypeId } =>
  Predicate.hasProperty(u, TypeId)

/** The HTTP status an error answers with, as an annotation of its class. */
export const status = (code: number, description: string): Pick<Schema.Annotations.Schema<never>, "description"> =>
  HttpApiSchema.annotations<never>({ status: code, description })

/** " Last log lines:" and the lines, indented, or nothing. */
export const withLogs = (sentence: string, logs: ReadonlyArray<string>): string =>
  logs.length === 0 ? sentence : `${sentence}\nLast log lines:\n${logs.map((line) => `  ${line}`).join("\n")}`
