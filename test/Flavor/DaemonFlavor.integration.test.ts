import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Home, Ids } from "effect-deployers"
import { DeployerSuite } from "effect-deployers/Conformance"
import { Processes } from "effect-deployers/Local"
import { Registry } from "effect-deployers/Store"
import * as DaemonFlavor from "../../examples/daemon-flavor.js"
import { layer as layerBundler } from "../../src/Bundle/Layer.js"
import { layerFixture } from "../Local/fixture.js"

const layerHome = Layer.unwrapScoped(
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "effect-deployers-daemon-" })),
    Home.layer
  )
)

const layerDaemons = Layer.merge(DaemonFlavor.layer, layerBundler).pipe(
  Layer.provideMerge(Registry.layerHome),
  Layer.provideMerge(Layer.mergeAll(layerHome, Ids.layer, FetchHttpClient.layer)),
  Layer.provideMerge(Layer.merge(NodeContext.layer, Processes.layer))
)

DeployerSuite.suite("daemons of start-stop-daemon", Layer.provideMerge(layerFixture(DaemonFlavor.layer), layerDaemons))
