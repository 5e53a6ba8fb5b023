/** The Docker deployer on a real engine behind a proxy that disturbs what passes. */
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { FaultProxy } from "effect-deployers/Conformance"
import { engineHost, layerDocker } from "./DockerFixture.js"

const layerProxy = Layer.unwrapEffect(
  Effect.map(engineHost, (host) => FaultProxy.layer(host.replace("unix://", "")))
).pipe(Layer.provide(NodeContext.layer))

export const layerBehindProxy = Layer.unwrapEffect(
  Effect.map(FaultProxy.FaultProxy, ({ host }) => layerDocker(Effect.succeed(host)))
).pipe(Layer.provideMerge(layerProxy))
