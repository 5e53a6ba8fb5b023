/** The checks of `deployers doctor`: each is a pure function of facts. They change nothing. */
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DeploymentChecks from "./Doctor/DeploymentChecks.js"
import * as EngineChecks from "./Doctor/EngineChecks.js"
import { Facts } from "./Doctor/Facts.js"
import * as HomeChecks from "./Doctor/HomeChecks.js"
import * as MachineChecks from "./Doctor/MachineChecks.js"
import { layer as layerMachine } from "./Doctor/MachineLayer.js"
import * as ProjectChecks from "./Doctor/ProjectChecks.js"
import { Doctor } from "./Doctor.js"

/** The checks of given facts. */
export const layerFacts: Layer.Layer<Doctor, never, Facts> = Layer.effect(
  Doctor,
  Effect.map(Facts, (facts) => ({
    checks: [
      { name: "node", run: Effect.map(facts.node, ProjectChecks.node) },
      { name: "bundler", run: Effect.map(facts.bundler, ProjectChecks.bundler) },
      { name: "effect", run: Effect.map(facts.project, ProjectChecks.effect) },
      { name: "typescript", run: Effect.map(facts.project, ProjectChecks.typescript) },
      { name: "home folder", run: Effect.map(facts.home, HomeChecks.home) },
      { name: "key file", run: Effect.map(facts.key, HomeChecks.key) },
      { name: "file system", run: Effect.map(facts.disk, HomeChecks.fileSystem) },
      { name: "disk space", run: Effect.map(facts.disk, HomeChecks.space) },
      { name: "hard links", run: Effect.map(facts.devices, HomeChecks.links) },
      { name: "registry", run: Effect.map(facts.registry, HomeChecks.registry) },
      { name: "deployments", run: Effect.map(facts.registry, DeploymentChecks.deployments) },
      { name: "bundles", run: Effect.map(facts.registry, DeploymentChecks.bundles) },
      { name: "supervisor", run: Effect.zipWith(facts.supervisor, facts.registry, DeploymentChecks.supervisor) },
      { name: "clock", run: Effect.zipWith(facts.now, facts.registry, MachineChecks.clock) },
      { name: "process table", run: Effect.map(facts.processes, MachineChecks.processes) },
      { name: "network", run: Effect.map(facts.loopback, MachineChecks.loopback) },
      { name: "ports", run: Effect.zipWith(facts.ports, facts.registry, MachineChecks.ports) },
      { name: "fixed ports", run: Effect.zipWith(facts.takenPorts, facts.registry, DeploymentChecks.fixedPorts) },
      { name: "proxy", run: Effect.map(facts.proxy, MachineChecks.proxy) },
      { name: "engine", run: Effect.map(facts.engine, EngineChecks.engine) },
      {
        name: "engine files",
        run: Effect.zipWith(facts.engine, facts.home, (engine, { path }) => EngineChecks.files(engine, path))
      }
    ]
  }))
)

/** The checks of this machine. */
export const layer: Layer.Layer<Doctor, ConfigError> = Layer.provide(layerFacts, layerMachine)
