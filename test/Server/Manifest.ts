import { Effect, Redacted, Schema } from "effect"
import { type Pipeline, Settings } from "effect-deployers"
import { type Manifest, manifest } from "effect-deployers/Server"

/** A manifest for serving in this process, with any serving settings: loopback, a port that the system chooses. */
export const manifestTest = (
  pipeline: Pipeline.Any,
  options: { readonly serving?: Settings.ServingInput | undefined; readonly key?: string | undefined } = {}
): Manifest.Manifest => ({
  ...Effect.runSync(
    manifest(pipeline, {
      name: "test",
      deploymentId: "00000000-0000-7000-8000-00000000d000",
      snapshotId: "00000000-0000-7000-8000-00000000e000",
      authKeys: options.key === undefined ? [] : [Redacted.make(options.key)]
    })
  ),
  serving: Schema.decodeSync(Settings.Serving)({ ...pipeline.settings, ...options.serving })
})
