/** The deployer of the Docker flavor. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import type { Requirements as DeployerRequirements } from "../Deployer/DeployerContext.js"
import { type Deployer, layer as deployerLayer, type Service } from "../Deployer.js"
import type { Ports } from "../Flavor/Ports.js"
import type { Home } from "../Store/Home.js"
import * as DockerBackend from "./DockerBackend.js"
import type { DockerClient } from "./DockerClient.js"
import type { ImageBuilder } from "./ImageBuilder.js"
import type { DockerSettingsInput } from "./Settings.js"

/**
 * The Docker deployer with all of its settings. Programs that work with any flavor use the same deployer as `Deployer`.
 *
 * @category services
 * @since 0.1.0
 */
export class DockerDeployer extends Context.Tag("effect-deployers/Docker/DockerDeployer")<
  DockerDeployer,
  Service<DockerSettingsInput>
>() {}

/**
 * The services that the layer needs. A stack without an image builder does not compile.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = DeployerRequirements | Home | FileSystem | DockerClient | ImageBuilder | Ports

/**
 * Deploys to containers of an engine. Every dependency can be replaced; `DockerStack.layer` has all of them.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: DockerBackend.Options = {}
): Layer.Layer<Deployer | DockerDeployer, never, Requirements> =>
  deployerLayer(DockerDeployer, DockerBackend.make(options))
