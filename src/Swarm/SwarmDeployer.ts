/** The deployer of the Swarm flavor. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Requirements as DeployerRequirements } from "../Deployer/DeployerContext.js"
import { type Deployer, layer as deployerLayer, type Service } from "../Deployer.js"
import type { DockerClient } from "../Docker/DockerClient.js"
import type { ImageBuilder } from "../Docker/ImageBuilder.js"
import type { Ports } from "../Flavor/Ports.js"
import type { Home } from "../Store/Home.js"
import type { SwarmSettingsInput } from "./Settings.js"
import * as SwarmBackend from "./SwarmBackend.js"

/**
 * The Swarm deployer with all of its settings. Programs that work with any flavor use the same deployer as `Deployer`.
 *
 * @category services
 * @since 0.2.0
 */
export class SwarmDeployer extends Context.Tag("effect-deployers/Swarm/SwarmDeployer")<
  SwarmDeployer,
  Service<SwarmSettingsInput>
>() {}

/**
 * The services that the layer needs. A stack without an image builder does not compile.
 *
 * @category models
 * @since 0.2.0
 */
export type Requirements = DeployerRequirements | Home | FileSystem | DockerClient | ImageBuilder | Ports

/**
 * Deploys to the swarm of an engine that is a manager. Every dependency can be replaced; `SwarmStack.layer` has all of them.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: SwarmBackend.Options = {}): Layer.Layer<Deployer | SwarmDeployer, never, Requirements> =>
  deployerLayer(SwarmDeployer, SwarmBackend.make(options))

/**
 * The same with options of the configuration.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = (
  options: Config.Config.Wrap<SwarmBackend.Options>
): Layer.Layer<Deployer | SwarmDeployer, ConfigError, Requirements> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))
