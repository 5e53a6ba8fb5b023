/** The number of streams of events that a process has open. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { ServiceUnavailable } from "../../../Contract/Errors.js"
import type { Serving } from "../../../Settings/Serving.js"

export class StreamLimit extends Context.Tag("effect-deployers/Server/StreamLimit")<
  StreamLimit,
  {
    /** Counts a stream until the returned function is called; `undefined` if no further one may open. */
    readonly enter: () => (() => void) | undefined
    /** The answer to a caller whose stream may not open. */
    readonly refusal: ServiceUnavailable
  }
>() {}

export const layer = ({ maxStreams }: Pick<Serving, "maxStreams">): Layer.Layer<StreamLimit> =>
  Layer.sync(StreamLimit, () => {
    let open = 0
    return {
      enter: () => {
        if (open >= maxStreams) return undefined
        open++
        let isOpen = true
        return () => {
          if (isOpen) open--
          isOpen = false
        }
      },
      refusal: new ServiceUnavailable({
        message: `The service has ${maxStreams} streams of events open, which is its limit maxStreams; try again in a moment, or ask for the run instead.`,
        reason: "streams",
        retryAfterSeconds: 1
      })
    }
  })
