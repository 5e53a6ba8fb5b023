/** `deployers describe`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Deployer } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import { DeploymentSchemaNotFound } from "../../Errors/Lifecycle.js"
import * as Settings from "../../Settings.js"
import { SnapshotStore } from "../../Store/SnapshotStore.js"
import { deploymentName, flag, json, print } from "../Common.js"
import * as DeploymentView from "../Output/DeploymentView.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"

export const describe = Command.make(
  "describe",
  {
    name: deploymentName,
    showSecret: flag("show-secret", "Show the key that callers need."),
    showSchema: flag("show-schema", "Show the JSON Schemas of parameters and outputs."),
    json
  },
  Effect.fnUntraced(function* ({ json, name, showSchema, showSecret }) {
    const deployer = yield* Deployer
    const deployment = yield* deployer.get(name)
    const authKey = showSecret ? yield* deployer.authKey(name) : undefined
    const workers = yield* workersOf(deployment)
    const schema = showSchema ? yield* schemaOf(deployment.snapshot.id, name) : undefined
    yield* print(
      json,
      {
        ...Json.deployment(deployment, authKey),
        ...(workers === undefined ? {} : { workers }),
        ...(schema === undefined ? {} : { schema })
      },
      (hasColor) =>
        [
          DeploymentView.render(hasColor, deployment, { authKey, workers }),
          ...(schema === undefined
            ? []
            : ["", "input schema", Render.json(schema.input), "output schema", Render.json(schema.output)])
        ].join("\n")
    )
  })
).pipe(Command.withDescription("Show a deployment: status, url, settings, metadata."))

// internal

const decodeSettings = Schema.decodeUnknownOption(Settings.Deployment)

/** The number of workers in the settings of the current generation. */
const workersOf = Effect.fnUntraced(function* ({ generation, id }: Deployment) {
  const revisions = yield* Effect.flatMap(Deployer, (deployer) => deployer.revisions(id))
  const revision = revisions.find((one) => one.generation === generation)
  return Option.getOrUndefined(Option.map(decodeSettings(revision?.settings), ({ serving }) => serving.workers))
})

const schemaOf = Effect.fnUntraced(function* (snapshotId: string, name: string) {
  const snapshot = yield* Effect.flatMap(SnapshotStore, (snapshots) => snapshots.find(snapshotId))
  if (Option.isNone(snapshot)) return yield* new DeploymentSchemaNotFound({ ref: name })
  const { error, input, output } = snapshot.value.spec
  return { input, output, ...(error === undefined ? {} : { error }) }
})
