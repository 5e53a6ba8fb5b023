import * as Data from "effect/Data"

/** Something that a person sees while a pipeline is developed. */
export type Event = Data.TaggedEnum<{
  /** The address; it stays the same across reloads. */
  readonly Listening: { readonly url: string }
  /** The modules of this version serve. `modules` are those that were loaded again, of all. */
  readonly Loaded: { readonly millis: number; readonly modules: number; readonly all: number }
  /** The saved files cannot be served; the message has file and line. */
  readonly Failed: { readonly message: string }
  readonly Responded: {
    readonly method: string
    readonly path: string
    readonly status: number
    readonly millis: number
  }
}>

export const Event = Data.taggedEnum<Event>()
