// `npm run test:long`: every step of every operation, and thousands of simulated lives. EFFECT_DEPLOYERS_SEEDS and
// EFFECT_DEPLOYERS_STRIDE say how many; default 10,000 lives of each flavor, and every step.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const env = {
  EFFECT_DEPLOYERS_SEEDS: "10000",
  EFFECT_DEPLOYERS_STRIDE: "1",
  ...process.env,
  EFFECT_DEPLOYERS_LONG: "1"
}
const files = ["SweepInMemory", "SweepDocker", "SimulationInMemory", "SimulationDocker"]
const { status } = spawnSync(
  join("node_modules", ".bin", "vitest"),
  ["run", ...files.map((file) => join("test", "Conformance", `${file}.test.ts`)), ...process.argv.slice(2)],
  { stdio: "inherit", env }
)
process.exitCode = status ?? 1
