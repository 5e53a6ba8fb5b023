// Our own subjects, exactly as users get them: a pipeline file deployed by the embedded defaults in a home of their own.
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Layer, Logger, ManagedRuntime, Redacted } from "effect"
import { Deployer, Settings, Snapshot } from "effect-deployers"
import { DockerStack } from "effect-deployers/Docker"
import { Embedded } from "effect-deployers/Local"
import { SecretStore } from "effect-deployers/Store"
import { key } from "../subjects/common.mjs"
import { onEnd } from "./cleanup.mjs"

export const pipelineFile = (name) => fileURLToPath(new URL(`../pipelines/${name}.ts`, import.meta.url))

/** Serving settings with which nothing is recorded, where the library has such a setting. */
export const withoutRecording = "recording" in Settings.Serving.fields ? { recording: "none" } : undefined

const remove = (name) =>
  Effect.ignore(Effect.flatMap(Deployer.Deployer, (deployer) => deployer.delete(name, { force: true })))

const quiet = Logger.remove(Logger.defaultLogger)

/** Everything a deployer of either flavor is asked for here. `of` adds what is known of a deployment. */
const openWith = (layer, folder, of) => {
  const runtime = ManagedRuntime.make(Layer.provide(layer, quiet))
  onEnd(async () => {
    await runtime.dispose()
    await rm(folder, { recursive: true, force: true })
  })
  const provision = async (snapshot, name, settings = {}) => {
    const stop = onEnd(() => runtime.runPromise(remove(name)))
    const deployment = await runtime.runPromise(
      Effect.flatMap(Deployer.Deployer, (deployer) =>
        deployer.provision(snapshot, { name, authKey: Redacted.make(key), settings })
      )
    )
    /** Ends it and keeps its files. */
    const end = () => runtime.runPromise(Effect.flatMap(Deployer.Deployer, (deployer) => deployer.deprovision(name)))
    return { url: deployment.url, deployment, ...of(deployment), stop, end }
  }
  const snapshot = (file, bundling) => runtime.runPromise(Snapshot.fromFile(file, { bundling }))
  const deploy = async (file, name, settings, bundling) => provision(await snapshot(file, bundling), name, settings)
  const setSecret = (name, value) =>
    runtime.runPromise(Effect.flatMap(SecretStore.SecretStore, (secrets) => secrets.set(name, Redacted.make(value))))
  return { deploy, provision, runtime, setSecret, snapshot }
}

/** A home with the local deployer: `deploy(file, name, settings)` resolves `{ pid, url, runs, stop, end }`. */
export const openHome = (folder) =>
  openWith(Embedded.layer({ home: folder }), folder, ({ id, metadata }) => ({
    pid: metadata.pid,
    runs: join(folder, "deployments", id, "runs.db")
  }))

/** The same with the Docker deployer. */
export const openDocker = (folder, host) =>
  openWith(DockerStack.layer({ home: folder, engine: { host } }), folder, ({ metadata }) => ({
    container: metadata.containerId
  }))
