import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as Runs from "../../src/Store/Runs.js"
import * as StoreSuite from "../../src/Testing/StoreSuite.js"

const file = FileSystem.FileSystem.pipe(
  Effect.flatMap((fs) => fs.makeTempDirectoryScoped()),
  Effect.map((folder) => Runs.layerFile(`${folder}/runs.db`)),
  Layer.unwrapScoped,
  Layer.provide(NodeFileSystem.layer)
)

StoreSuite.runs("memory", Runs.layerMemory)
StoreSuite.runs("file", file)
