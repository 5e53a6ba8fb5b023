/**
 * Does once what a served process does until its first answer, with a pipeline of its own: what V8 has compiled by then is
 * what its code cache for the program needs to have.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Manifest } from "../../Contract/Manifest.js"
import type { StoreError } from "../../Errors/Stores.js"
import * as Pipeline from "../../Pipeline.js"
import * as Step from "../../Step.js"
import * as Ids from "../../Store/Ids.js"
import type { RunStore } from "../../Store/RunStore.js"
import { digest } from "../Http/BearerAuth.js"
import * as Serve from "./Serve.js"
import { type Ending, Signals } from "./Signals.js"

/** Something of a rehearsal was not answered as it should be. */
export class RehearsalFailed extends Schema.TaggedError<RehearsalFailed>()("RehearsalFailed", {
  reason: Schema.String
}) {
  override get message(): string {
    return `The rehearsal failed: ${this.reason}`
  }
}

/**
 * Serves the pipeline of the rehearsal where the manifest says, calls it, and ends. Nothing of the user's pipeline is run.
 */
export const run = (
  manifest: Manifest
): Effect.Effect<
  void,
  RehearsalFailed | Serve.ListenFailed | Serve.WarmUpFailed | Serve.CheckFailed | StoreError | PlatformError,
  RunStore | Ids.Ids | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const key = yield* Effect.flatMap(Ids.Ids, ({ next }) => next)
    const over = yield* Deferred.make<Ending>()
    const call = ({ url }: Pick<typeof Serve.Served.Service, "url">) =>
      Effect.zipRight(
        Effect.zipRight(expectOk(`${url}/health`), expectOk(`${url}/invoke`, invoking(key))),
        Deferred.succeed(over, { reason: "the end of the rehearsal", exitCode: 0 })
      )
    yield* Effect.asVoid(Serve.run(pipeline, { ...manifest, authKeyDigests: [digest(key)] }, call)).pipe(
      Effect.provideService(Signals, { ending: Deferred.await(over), handleUncaught: () => Effect.void })
    )
  })

// internal

const Name = Schema.Struct({ name: Schema.NonEmptyString })

const step = Step.make("rehearse", { input: Name, output: Name, run: Effect.succeed })

const pipeline = Pipeline.make("rehearsal", { input: Name, output: Name, run: (input) => step(input) })

const invoking = (key: string): RequestInit => ({
  method: "POST",
  headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  body: JSON.stringify({ parameters: { name: "rehearsal" } })
})

/** Node's own `fetch`: a client of the platform would be in every bundle for this. */
const expectOk = (url: string, init?: RequestInit): Effect.Effect<void, RehearsalFailed> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, { ...init, signal })
      return { status: response.status, body: await response.text() }
    },
    catch: (cause) => new RehearsalFailed({ reason: String(cause) })
  }).pipe(
    Effect.filterOrFail(
      ({ status }) => status === 200,
      ({ body, status }) => new RehearsalFailed({ reason: `${url} answered ${status}: ${body}` })
    )
  )
