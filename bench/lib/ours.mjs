// Our own subjects, exactly as users get them: a pipeline file deployed by the embedded defaults in a home of their own.
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Layer, Logger, ManagedRuntime, Redacted } from "effect"
import { Deployer, Settings, Snapshot } from "effect-deployers"
import { Embedded } from "effect-deployers/Local"
import { key } from "../subjects/common.mjs"
import { onEnd } from "./cleanup.mjs"

export const pipelineFile = (name) => fileURLToPath(new URL(`../pipelines/${name}.ts`, import.meta.url))

/** The serving setting that turns recording off, once there is one. */
export const withoutRecording = () => {
  const { fields } = Settings.Serving
  if ("recording" in fields) return { recording: "none" }
  return "recordRuns" in fields ? { recordRuns: false } : undefined
}

const remove = (name) =>
  Effect.ignore(Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete(name, { force: true })))

/** A home with the local deployer: `deploy(file, name, settings)` resolves `{ pid, url, runs, stop }`. */
export const openHome = (folder) => {
  const runtime = ManagedRuntime.make(
    Layer.provide(Embedded.layer({ home: folder }), Logger.remove(Logger.defaultLogger))
  )
  onEnd(async () => {
    await runtime.dispose()
    await rm(folder, { recursive: true, force: true })
  })
  const deploy = async (file, name, settings = {}) => {
    const stop = onEnd(() => runtime.runPromise(remove(name)))
    const deployment = await runtime.runPromise(
      Effect.gen(function* () {
        const snapshot = yield* Snapshot.fromFile(file)
        const deployer = yield* Deployer.Deployer
        return yield* deployer.provision(snapshot, { name, authKey: Redacted.make(key), settings })
      })
    )
    return {
      pid: deployment.metadata.pid,
      url: deployment.url,
      runs: join(folder, "deployments", deployment.id, "runs.db"),
      deployment,
      stop
    }
  }
  return { deploy, runtime }
}
