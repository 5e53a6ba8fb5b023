import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as StoreSuite from "../../src/Conformance/StoreSuite.js"
import * as Ids from "../../src/Store/Ids.js"
import * as SecretBox from "../../src/Store/Registry/SecretBox.js"
import * as Registry from "../../src/Store/Registry.js"

const inFolder = <A, E, R>(make: (folder: string) => Layer.Layer<A, E, R>) =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.makeTempDirectoryScoped()),
    Effect.map(make),
    Layer.unwrapScoped,
    Layer.provide(NodeFileSystem.layer)
  )

StoreSuite.registry("memory", Registry.layerMemory.pipe(Layer.provide(Ids.layer)))
StoreSuite.registry(
  "file",
  inFolder((folder) => Registry.layer(`${folder}/registry.db`)).pipe(Layer.provide([SecretBox.layerTest, Ids.layer]))
)
