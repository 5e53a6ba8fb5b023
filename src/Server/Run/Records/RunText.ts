/** The record of a run as JSON text, for readers: what is stored as JSON goes into the answer as it is. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Run } from "../../../Contract/RunRecord.js"
import { EncodedJson, objectText } from "../../../Internal/EncodedJson.js"
import type { RunQueries } from "./RunQueries.js"

/** Reads a run as its JSON text. */
export const read = (
  queries: Pick<Context.Tag.Service<RunQueries>, "find">,
  id: string
): Effect.Effect<string, Effect.Effect.Error<ReturnType<Context.Tag.Service<RunQueries>["find"]>>> =>
  Effect.flatMap(queries.find(id, { values: "encoded" }), (run) => Effect.map(Effect.orDie(encode(run)), textOf))

/** The JSON text of a run. */
export const textOf = ({ steps, ...run }: typeof Run.Encoded): string =>
  objectText({
    ...run,
    steps: steps === undefined ? undefined : new EncodedJson(`[${steps.map(objectText).join(",")}]`)
  })

// internal

const encode = Schema.encode(Run)
