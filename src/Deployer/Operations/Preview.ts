import * as Effect from "effect/Effect"
import type { Preview } from "../../Deployment/ObjectChange.js"
import { DeploymentId } from "../../Deployment.js"
import type { StoreError } from "../../Errors/Stores.js"
import type { PreviewRequest } from "../../Flavor/Instance.js"
import { liveKeys } from "../AuthKeys.js"
import type { DeployerContext } from "../DeployerContext.js"
import type { DecodedSettings, Request } from "../Requests.js"

/** The parts of a plan that the request does not have. */
interface Planned {
  readonly generation: number
  readonly changes: ReadonlyArray<{ readonly path: string }>
  readonly checks: boolean
}

/** The changes of the objects outside, as the engine reports them; nothing for flavors whose engine cannot try a change. */
export const preview = (
  context: DeployerContext,
  request: Request,
  planned: Planned
): Effect.Effect<{ readonly preview?: Preview }, StoreError> => {
  const { preview: ask } = context.backend
  if (ask === undefined) return Effect.succeed({})
  return Effect.gen(function* () {
    const registryId = yield* context.deployments.identity
    return { preview: yield* ask(questionOf(registryId, request, planned)) }
  })
}

// internal

/** The id of a deployment that does not exist yet. */
const noId = DeploymentId.make("00000000-0000-7000-8000-000000000000")

const questionOf = (
  registryId: string,
  { existing, name, secrets, settings, snapshot }: Request,
  { changes, checks, generation }: Planned
): PreviewRequest<DecodedSettings> => {
  const serves = existing !== undefined && existing.deployment.generation > 0
  return {
    deploymentId: existing?.deployment.id ?? noId,
    name,
    generation,
    registryId,
    snapshot,
    settings,
    secrets,
    // A key that the deploy would make does not exist yet.
    keys: settings.auth._tag === "none" ? undefined : ((existing && liveKeys(existing)) ?? []),
    intake: existing?.deployment.intake,
    ...(checks && snapshot.spec.check === true ? { check: { timeoutMillis: settings.timeoutMillis } } : {}),
    serving: serves
      ? { generation: existing.deployment.generation, metadata: existing.deployment.metadata }
      : undefined,
    isSame: (...names) =>
      existing?.deployment.snapshot.id === snapshot.id &&
      !changes.some(({ path }) => names.some((one) => path === one || path.startsWith(`${one}.`)))
  }
}
