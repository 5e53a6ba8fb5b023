/** Operations on images in their registry, which the engine asks with the credentials of the Docker command line. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Redacted } from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { partsOf, registryOf } from "../../Containerized/ImageReference.js"
import type { Images } from "./Contract.js"
import { anonymous, type Credentials } from "./Credentials.js"
import { parse } from "./Decoders.js"
import { type EngineRequests, isOk } from "./EngineRequests.js"
import { type ChangeError, ImageUnavailable, RegistryFailed } from "./Errors.js"
import { reasonOf } from "./Failure.js"
import { answered, type Problem } from "./Progress.js"
import { ImageProgress } from "./Resources.js"
import type { Request } from "./Transport.js"

/** The operations that a registry takes part in. */
export const make = (
  engine: EngineRequests,
  credentials: Credentials
): Pick<Images, "pull" | "push" | "digestInRegistry"> => ({
  pull: pullWith(engine, credentials),
  push: pushWith(engine, credentials),
  digestInRegistry: digestWith(engine, credentials)
})

// internal

const pullWith =
  (engine: EngineRequests, credentials: Credentials): Images["pull"] =>
  (image, { platform } = {}) => {
    const { digest, repository, tag } = partsOf(image)
    const request: Request = {
      operation: "pull an image",
      resource: image,
      method: "POST",
      path: "/images/create",
      query:
        digest === undefined
          ? { fromImage: repository, tag: tag ?? "latest", platform }
          : { fromImage: image, platform },
      deadline: "none"
    }
    const pulling = (found: Effect.Effect.Success<ReturnType<Credentials>>, without?: string) =>
      withCredentials(
        engine,
        Effect.succeed(found),
        request,
        ({ reason }) =>
          new ImageUnavailable({
            image,
            reason: without === undefined ? reason : `${reason}; without credentials, because ${without}`
          })
      )
    // Most images need no credentials, so unreadable ones matter only if the registry refuses.
    const pulled = Effect.match(credentials(image), {
      onFailure: ({ reason }) => pulling(anonymous, reason),
      onSuccess: (found) => pulling(found)
    })
    return Stream.concat(
      Stream.unwrap(pulled),
      Stream.sync(() => ImageProgress.Done({ image }))
    )
  }

const pushWith =
  (engine: EngineRequests, credentials: Credentials): Images["push"] =>
  (image) => {
    const { repository, tag } = partsOf(image)
    const request: Request = {
      operation: "push an image",
      resource: image,
      method: "POST",
      path: `/images/${pathOf(repository)}/push`,
      query: { tag: tag ?? "latest" },
      deadline: "none"
    }
    return withCredentials(engine, credentials(image), request, failedAt("push", image)).pipe(
      Stream.map((progress) =>
        progress._tag === "Done" ? ImageProgress.Done({ image: `${repository}@${progress.image}` }) : progress
      )
    )
  }

/** An unreadable configuration fails like an answer of the registry, with its own reason. */
const withCredentials = <E>(
  engine: EngineRequests,
  credentials: ReturnType<Credentials>,
  request: Request,
  failure: (problem: Problem) => E
): Stream.Stream<ImageProgress, E | ChangeError> => {
  const opened: Effect.Effect<Stream.Stream<ImageProgress, E | ChangeError>, E | ChangeError, Scope.Scope> = Effect.gen(
    function* () {
      const found: Redacted<string> = yield* Effect.mapError(credentials, ({ reason }) =>
        failure({ reason, exitCode: undefined })
      )
      return yield* answered(engine, { ...request, credentials: found }, failure)
    }
  )
  return Stream.unwrapScoped(opened)
}

const Distribution = Schema.Struct({ Descriptor: Schema.Struct({ digest: Schema.String }) })

const digestWith =
  (engine: EngineRequests, credentials: Credentials): Images["digestInRegistry"] =>
  (image) =>
    Effect.gen(function* () {
      const failed = failedAt("look up", image)
      const operation = "look up an image in its registry"
      const found = yield* Effect.mapError(credentials(image), ({ reason }) => failed({ reason, exitCode: undefined }))
      const answer = yield* engine.query({
        operation,
        resource: image,
        method: "GET",
        path: `/distribution/${pathOf(image)}/json`,
        credentials: found
      })
      if (answer.status === 404) return Option.none()
      if (!isOk(answer)) {
        return yield* failed({ reason: reasonOf(answer.text), exitCode: undefined, status: answer.status })
      }
      return Option.some((yield* parse(Distribution, operation, answer)).Descriptor.digest)
    })

const pathOf = (image: string): string =>
  image.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":").replaceAll("%40", "@")

const failedAt =
  (operation: RegistryFailed["operation"], image: string) =>
  ({ reason, status }: Problem): RegistryFailed =>
    new RegistryFailed({ operation, image, registry: registryOf(image), problem: problemOf(reason, status), reason })

/**
 * The kind of a failure. Engines have one status for most failures of a registry, and report those of a push among its
 * progress, so their text is all there is. It chooses the advice and nothing else.
 */
const problemOf = (reason: string, status: number | undefined): RegistryFailed["problem"] => {
  if (status === 401 || status === 403) return "denied"
  if (status === 400) return "name"
  return texts.find(([, text]) => text.test(reason))?.[0] ?? "other"
}

const texts: ReadonlyArray<readonly [RegistryFailed["problem"], RegExp]> = [
  ["plain", /HTTP response to HTTPS client|first record does not look like a TLS handshake/i],
  ["certificate", /x509|certificate/i],
  ["denied", /unauthorized|denied|forbidden|authentication required|no basic auth credentials|credential/i],
  ["name", /invalid reference format|name invalid|name unknown|invalid repository/i],
  ["unreachable", /dial tcp|no such host|connection refused|connection reset|timeout|deadline exceeded|\bEOF\b/i]
]
