// `npm run test:long`: every step of every operation, thousands of simulated lives, 100,000 requests of strangers, and
// 200 replaces under load by URL (and 100 of two workers), 100 by name, 50 kills of a deployer of each flavor, the laws of
// deployers on a swarm, a swarm that loses nodes, and 300 durable runs whose process is killed 60 times.
// EFFECT_DEPLOYERS_SEEDS and EFFECT_DEPLOYERS_STRIDE say how many; default 10,000 lives of each flavor, and every step.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const env = {
  EFFECT_DEPLOYERS_SEEDS: "10000",
  EFFECT_DEPLOYERS_STRIDE: "1",
  EFFECT_DEPLOYERS_REQUESTS: "100000",
  ...process.env,
  EFFECT_DEPLOYERS_LONG: "1"
}
const files = [
  "Faults/Killed.integration",
  "Conformance/SweepInMemory",
  "Conformance/SweepDocker",
  "Conformance/SimulationInMemory",
  "Conformance/SimulationDocker",
  "Server/Http/Generated",
  "Kubernetes/DeployerSuite",
  "Swarm/DeployerSuite.integration",
  "Swarm/Nodes.integration",
  "Local/Door.integration",
  "Docker/Door.integration",
  "Docker/DeployerSuite.integration",
  "Local/ReplaceUnderLoad.integration",
  "Server/Run/Durable/Killed.integration"
]
const { status } = spawnSync(
  join("node_modules", ".bin", "vitest"),
  ["run", ...files.map((file) => join("test", `${file}.test.ts`)), ...process.argv.slice(2)],
  { stdio: "inherit", env }
)
process.exitCode = status ?? 1
