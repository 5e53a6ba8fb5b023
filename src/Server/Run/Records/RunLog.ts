/** The lines that a run logs, kept with it. A run that logs nothing passes nothing of this. */

import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import * as EncodedJson from "../../../Internal/EncodedJson.js"
import * as StrictJson from "../../../Internal/StrictJson.js"
import { CurrentRun, type LogLine } from "../../../Run.js"
import type { Serving } from "../../../Settings/Serving.js"
import type { RunWrite } from "../../../Store/RunStore.js"

/** The limits of the lines of a run. */
export type LogLimits = Readonly<Pick<Serving, "maxLogLineBytes" | "maxRunLogBytes">>

/** The lines of one run. The first ones are kept, up to a number of bytes; the last one says that there were more. */
export class RunLog {
  #sequence: number
  #bytes = 0
  #isFull = false

  constructor(
    readonly options: {
      readonly id: string
      readonly limits: LogLimits
      readonly recorder: { readonly offerPart: (part: Extract<RunWrite, { readonly _tag: "Log" }>) => void }
      /** The lines that the run logged in earlier processes. */
      readonly earlier?: { readonly lines: number } | undefined
    }
  ) {
    this.#sequence = options.earlier?.lines ?? 0
  }

  add(line: LogLine): void {
    if (this.#isFull) return
    const { maxLogLineBytes, maxRunLogBytes } = this.options.limits
    const data = encoded(line, maxLogLineBytes)
    this.#bytes += Buffer.byteLength(data.text)
    if (this.#bytes <= maxRunLogBytes) return void this.#offer(line, data)
    this.#isFull = true
    this.#offer(
      { ...line, level: "WARN" },
      encoded({ ...line, message: more(maxRunLogBytes), fields: undefined }, 1_024)
    )
  }

  #offer({ at, level }: LogLine, data: EncodedJson.EncodedJson): void {
    const { id, recorder } = this.options
    recorder.offerPart({ _tag: "Log", runId: id, sequence: ++this.#sequence, at, level, data })
  }
}

/** Keeps an entry with the run whose fiber logs it, if there is one that keeps its lines. */
export const keep = (entry: Logger.Logger.Options<unknown>): void => {
  const context = FiberRefs.getOrDefault(entry.context, FiberRef.currentContext)
  Context.get(context, CurrentRun).logged?.(lineOf(entry))
}

/** Keeps entries of Effect loggers. */
export const logger: Logger.Logger<unknown, void> = Logger.make(keep)

// internal

const lineOf = (entry: Logger.Logger.Options<unknown>): LogLine => {
  const { annotations, cause, spans } = Logger.structuredLogger.log(entry)
  const fields = {
    ...annotations,
    ...(cause === undefined ? {} : { cause }),
    ...(Object.keys(spans).length === 0 ? {} : { spans })
  }
  return {
    at: entry.date.getTime(),
    level: entry.logLevel.label,
    message: Arr.ensure(entry.message).map(textOf).join(" "),
    ...(Object.keys(fields).length === 0 ? {} : { fields })
  }
}

const textOf = (part: unknown): string =>
  part instanceof Error ? (part.stack ?? String(part)) : Inspectable.toStringUnknown(part, 0)

/** JSON of a line. Fields that do not fit, or that JSON cannot carry, are left out; a long message is cut. */
const encoded = ({ fields, message }: LogLine, maxBytes: number): EncodedJson.EncodedJson => {
  const text = StrictJson.toWellFormed(message)
  if (fields !== undefined && StrictJson.isStrict(fields)) {
    const whole = EncodedJson.encode({ message: text, fields })
    if (whole !== undefined && Buffer.byteLength(whole.text) <= maxBytes) return whole
  }
  const short = text.length > maxBytes ? `${StrictJson.toWellFormed(text.slice(0, maxBytes))}... (cut)` : text
  return new EncodedJson.EncodedJson(JSON.stringify({ message: short }))
}

const more = (maximum: number): string =>
  `The run logged more than the ${maximum} bytes that maxRunLogBytes permits; the log of the service has the rest.`
