/** The input of commands: standard input, and the answers of a user at a terminal. */
import * as Prompt from "@effect/cli/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { UsageError } from "./Failure.js"

/**
 * The source that commands read from. A test supplies the answers.
 *
 * @category services
 * @since 0.1.0
 */
export class Input extends Context.Tag("effect-deployers/Cli/Input")<
  Input,
  {
    /** True when a user can answer: standard input and output are a terminal. */
    readonly isInteractive: boolean
    /** The whole of standard input. Fails for bytes that are not UTF-8. */
    readonly text: Effect.Effect<string, UsageError>
    /** Asks yes or no. A user who quits answers no. */
    readonly confirm: (question: string) => Effect.Effect<boolean, never, Prompt.Prompt.Environment>
    /** Asks for a value that is not shown. */
    readonly hidden: (question: string) => Effect.Effect<Redacted.Redacted, UsageError, Prompt.Prompt.Environment>
  }
>() {}

/**
 * Reads from a stream of a process, and asks with prompts.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStream = (options: {
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly isInteractive: boolean
}): Layer.Layer<Input> =>
  Layer.succeed(Input, {
    isInteractive: options.isInteractive,
    text: Effect.tryPromise({
      try: () => readAll(options.stdin),
      catch: () => new UsageError({ message: "Standard input could not be read.", hint: undefined })
    }).pipe(
      Effect.flatMap(decodeText),
      Effect.catchTag("NotUtf8", () => new UsageError(notText))
    ),
    confirm: (question) =>
      Effect.orElseSucceed(Prompt.run(Prompt.confirm({ message: question, initial: false })), () => false),
    hidden: (question) =>
      Effect.mapError(
        Prompt.run(Prompt.hidden({ message: question })),
        () => new UsageError({ message: "Nothing was entered.", hint: undefined })
      )
  })

/**
 * Fixed answers, for tests.
 *
 * @category testing
 * @since 0.1.0
 */
export const layerTest = (answers: {
  readonly isInteractive?: boolean
  readonly text?: string
  readonly confirm?: boolean
}): Layer.Layer<Input> =>
  Layer.succeed(Input, {
    isInteractive: answers.isInteractive ?? false,
    text: Effect.succeed(answers.text ?? ""),
    confirm: () => Effect.succeed(answers.confirm ?? false),
    hidden: () => Effect.succeed(Redacted.make(answers.text ?? ""))
  })

/**
 * The bytes are not UTF-8.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotUtf8 extends Schema.TaggedError<NotUtf8>()("NotUtf8", {}) {}

/**
 * The text of bytes, every byte of it.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeText = (bytes: Uint8Array): Effect.Effect<string, NotUtf8> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
    catch: () => new NotUtf8()
  })

// internal

const notText = {
  message: "Standard input is not UTF-8 text.",
  hint: "Send binary data as text, such as with `base64 -w 0 FILE`."
}

const readAll = async (stdin: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of stdin) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
  return Buffer.concat(chunks)
}
