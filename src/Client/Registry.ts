/** Deployments found in the registry. Apart from the other layers, because the registry needs Node. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { DeploymentHttpError } from "../Contract/Errors.js"
import { DeploymentNotFound } from "../Errors/Lifecycle.js"
import { type DeploymentRecord, DeploymentStore } from "../Store/DeploymentStore.js"
import { ownersKey, placeOf, proofPlaceOf } from "../Store/Registry/AuthKey.js"
import { SecretBox } from "../Store/Registry/SecretBox.js"
import { SnapshotStore } from "../Store/SnapshotStore.js"
import { Endpoints, servingOf } from "./Endpoints.js"

/**
 * Finds deployments in the registry, with their keys.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRegistry: Layer.Layer<Endpoints, never, DeploymentStore | SnapshotStore | SecretBox> = Layer.effect(
  Endpoints,
  Effect.gen(function* () {
    const deployments = yield* DeploymentStore
    const snapshots = yield* SnapshotStore
    const box = yield* SecretBox
    return {
      resolve: Effect.fnUntraced(function* (ref: string) {
        const record = yield* Effect.flatMap(
          deployments.find(ref),
          Option.match({ onNone: () => Effect.fail(new DeploymentNotFound({ ref })), onSome: Effect.succeed })
        )
        const { deployment } = record
        const url = yield* urlOf(record)
        const snapshot = Option.getOrUndefined(yield* snapshots.find(deployment.snapshot.id))
        const owners = ownersKey(record, yield* Clock.currentTimeMillis)
        const authKey = owners === undefined ? undefined : yield* box.open(placeOf(deployment.id), owners.sealed)
        return {
          name: deployment.name,
          url,
          authKey,
          serving: servingOf(record.settings["serving"]),
          inputSchema: snapshot?.spec.input,
          outputSchema: snapshot?.spec.output,
          proof: { secret: yield* box.derive(proofPlaceOf(deployment.id), "opening"), deploymentId: deployment.id }
        }
      })
    }
  })
)

// internal

const urlOf = ({ deployment }: DeploymentRecord): Effect.Effect<string, DeploymentHttpError> =>
  deployment.url === undefined
    ? Effect.fail(
        new DeploymentHttpError({
          deployment: deployment.name,
          reason: `it is not running (status ${deployment.status}); start it with \`deployers provision ${deployment.name}\``
        })
      )
    : Effect.succeed(deployment.url)
