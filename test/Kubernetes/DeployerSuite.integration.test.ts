import { describe } from "@effect/vitest"
import { DeployerSuite } from "effect-deployers/Conformance"
import { hasCluster, layerSuite } from "./KubernetesFixture.js"

describe.runIf(hasCluster)("with a cluster", () => DeployerSuite.suite("pods of a real cluster", layerSuite()))
