/** The deployer of the local flavor. */
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import type { Requirements as DeployerRequirements } from "../Deployer/DeployerContext.js"
import { type Deployer, layer as deployerLayer, type Service } from "../Deployer.js"
import type { Ports } from "../Flavor/Ports.js"
import type { Home } from "../Store/Home.js"
import * as LocalBackend from "./LocalBackend.js"
import type { Processes } from "./Processes.js"
import type { LocalSettingsInput } from "./Settings.js"
import type { Sockets } from "./Sockets.js"

/**
 * The local deployer with all of its settings. Programs that work with any flavor use the same deployer as `Deployer`.
 *
 * @category services
 * @since 0.1.0
 */
export class LocalDeployer extends Context.Tag("effect-deployers/Local/LocalDeployer")<
  LocalDeployer,
  Service<LocalSettingsInput>
>() {}

/**
 * The services that the layer needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = DeployerRequirements | Home | FileSystem | Processes | Ports | Sockets

/**
 * Deploys to processes of this machine. Every dependency can be replaced; `Embedded.layer` has all of them.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: LocalBackend.Options = {}): Layer.Layer<Deployer | LocalDeployer, never, Requirements> =>
  deployerLayer(LocalDeployer, LocalBackend.make(options))
