/**
 * The output of commands: results on standard output, everything else on standard error. A service, so that tests read
 * it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * The output of commands. A test captures it.
 *
 * @category services
 * @since 0.1.0
 */
export class Output extends Context.Tag("effect-deployers/Cli/Output")<
  Output,
  {
    /** Writes a line to standard output: the command's result. */
    readonly result: (text: string) => Effect.Effect<void>
    /** Writes a line to standard error: progress, questions, failures. */
    readonly note: (text: string) => Effect.Effect<void>
    /** True when standard output is a terminal. */
    readonly isInteractive: boolean
    /** True when standard output shows colours. */
    readonly hasColor: boolean
    /** The width of the terminal behind standard output, in characters; none elsewhere. */
    readonly columns?: number | undefined
    /** True when standard error shows colours. */
    readonly hasNoteColor: boolean
    /** Completes when the reader of standard output is gone. */
    readonly closed: Effect.Effect<void>
  }
>() {}

/**
 * The part of a process stream that commands need.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  readonly isTTY?: boolean
  /** The width of a terminal, in characters. */
  readonly columns?: number
  /** Writes text, and calls back after the write or its failure. */
  write(text: string, done: (error?: Error | null) => void): unknown
  /** Receives failed writes, such as `EPIPE` when the reader is gone. */
  on(event: "error", listener: (error: Error) => void): unknown
}

/**
 * Writes to the streams of a process. Colours are used on terminals, unless `noColor`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStreams = (options: {
  readonly stdout: Target
  readonly stderr: Target
  readonly noColor: boolean
}): Layer.Layer<Output> =>
  Layer.sync(Output, () => {
    const { noColor, stderr, stdout } = options
    const result = writer(stdout)
    const note = writer(stderr)
    const isInteractive = stdout.isTTY === true
    return {
      result: result.line,
      note: note.line,
      isInteractive,
      hasColor: isInteractive && !noColor,
      // A terminal without a width reports 0.
      columns: isInteractive && stdout.columns !== undefined && stdout.columns > 0 ? stdout.columns : undefined,
      hasNoteColor: stderr.isTTY === true && !noColor,
      closed: result.closed
    }
  })

/**
 * The captured output of a command.
 *
 * @category testing
 * @since 0.1.0
 */
export interface Captured {
  readonly stdout: Effect.Effect<string>
  readonly stderr: Effect.Effect<string>
}

/**
 * Captures the output, for tests.
 *
 * @category testing
 * @since 0.1.0
 */
export const capture = (
  options: { readonly isInteractive?: boolean; readonly hasColor?: boolean; readonly columns?: number } = {}
): Captured & { readonly layer: Layer.Layer<Output> } => {
  const lines = { stdout: "", stderr: "" }
  const append = (name: keyof typeof lines) => (text: string) =>
    Effect.sync(() => {
      lines[name] += `${text}\n`
    })
  return {
    stdout: Effect.sync(() => lines.stdout),
    stderr: Effect.sync(() => lines.stderr),
    layer: Layer.succeed(Output, {
      result: append("stdout"),
      note: append("stderr"),
      isInteractive: options.isInteractive ?? false,
      hasColor: options.hasColor ?? false,
      columns: options.columns,
      hasNoteColor: options.hasColor ?? false,
      closed: Effect.never
    })
  }
}

// internal

const writer = (target: Target) => {
  let isClosed = false
  const waiting: Array<() => void> = []
  const close = () => {
    isClosed = true
    for (const wake of waiting.splice(0)) wake()
  }
  target.on("error", close)
  return {
    line: (text: string): Effect.Effect<void> =>
      Effect.async((resume) => {
        if (isClosed) return resume(Effect.void)
        target.write(`${text}\n`, () => resume(Effect.void))
      }),
    closed: Effect.async<void>((resume) => {
      if (isClosed) return resume(Effect.void)
      waiting.push(() => resume(Effect.void))
    })
  }
}
