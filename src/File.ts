/** A file that a caller sent to a run: its name, size and content type, its digest, and its bytes. */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/**
 * Marks files, also those of another copy of this library.
 *
 * @category type IDs
 * @since 0.2.0
 */
export const TypeId: unique symbol = Symbol.for("effect-deployers/File")

/**
 * @category type IDs
 * @since 0.2.0
 */
export type TypeId = typeof TypeId

/**
 * The description of a file, as the record of a run has it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Description = Schema.Struct({
  name: Schema.String,
  contentType: Schema.String,
  /** The number of bytes. */
  size: Schema.Int,
  /** SHA-256 of the bytes, in hexadecimal digits. */
  digest: Schema.String
})

export type Description = typeof Description.Type

/**
 * A file. In a served run the bytes are in a folder of the run, which is removed when the run has ended; a run that needs
 * them longer copies them.
 *
 * @category models
 * @since 0.2.0
 */
export interface File {
  readonly [TypeId]: TypeId
  /** The name that the sender gave, without folders. */
  readonly name: string
  readonly contentType: string
  /** The number of bytes. */
  readonly size: number
  /** SHA-256 of the bytes, in hexadecimal digits. */
  readonly digest: string
  /** The path of the file in the folder of the run; none for a file in memory, such as one of a unit test. */
  readonly path: Option.Option<string>
  /** All bytes. It dies if the file is gone, as after the end of its run. */
  readonly bytes: Effect.Effect<Uint8Array>
  /** The bytes in parts. It dies if the file is gone. */
  readonly stream: Stream.Stream<Uint8Array>
}

/**
 * The parts of a file.
 *
 * @category models
 * @since 0.2.0
 */
export type Parts = Omit<File, TypeId>

/**
 * Makes a file of its parts. Runtimes use it; {@link fromBytes} is for programs and tests.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (parts: Parts): File => ({ ...parts, [TypeId]: TypeId })

/**
 * A file in memory.
 *
 * @param options its name, default `file`, and its content type, default `application/octet-stream`
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { File } from "effect-deployers"
 *
 * const program = Effect.gen(function* () {
 *   const file = yield* File.fromBytes(new TextEncoder().encode("a,b\n1,2\n"), {
 *     name: "table.csv",
 *     contentType: "text/csv"
 *   })
 *   return file.size
 * })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromBytes = (
  bytes: Uint8Array,
  options: { readonly name?: string | undefined; readonly contentType?: string | undefined } = {}
): Effect.Effect<File> =>
  Effect.map(digestOf(bytes), (digest) =>
    make({
      name: options.name ?? "file",
      contentType: options.contentType ?? defaultContentType,
      size: bytes.length,
      digest,
      path: Option.none(),
      bytes: Effect.succeed(bytes),
      stream: Stream.make(bytes)
    })
  )

/**
 * True for a file.
 *
 * @category guards
 * @since 0.2.0
 */
export const isFile = (u: unknown): u is File => Predicate.hasProperty(u, TypeId)

/**
 * The content type of a file whose sender names none.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultContentType = "application/octet-stream"

/**
 * The description of a file, without its bytes.
 *
 * @category accessors
 * @since 0.2.0
 */
export const describe = ({ contentType, digest, name, size }: File): Description => ({
  name,
  contentType,
  size,
  digest
})

// internal

const digestOf = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(bytes))),
    (digest) => Encoding.encodeHex(new Uint8Array(digest))
  )
