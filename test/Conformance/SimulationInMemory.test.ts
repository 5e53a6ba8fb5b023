/**
 * Lives of the in-memory deployer. `EFFECT_DEPLOYERS_SEED=n` lives one again, `EFFECT_DEPLOYERS_SEEDS=n` so many.
 */
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"
import { isLong } from "../Long.js"
import { patience, sayLives } from "./Report.js"

// So rare that 120 lives are too few; the sweep reaches it with each fault.
const rare = ["reconcile finish done"]

const sometimes = [
  ...["failBefore", "actThenFail", "hang", "slow", "crash", "actThenCrash", "freeze"].map((mode) => `fault ${mode}`),
  ...[
    "StoreError",
    "EngineUnavailable",
    "OutcomeUnknown",
    "DeploymentBusy",
    "LeaseLost",
    "DeploymentNotFound",
    "DeploymentProvisionFailed",
    "DeploymentTimeout"
  ].map((tag) => `error ${tag}`),
  ...["undo", "restore", "observe", "leave"].map((action) => `reconcile ${action} done`),
  "takeover",
  "takeover after expiry",
  "interrupted",
  "provision succeeded",
  "rollback succeeded",
  "reprovision succeeded",
  "deprovision succeeded",
  "delete succeeded",
  "command clock jumps",
  "command engine restarts",
  ...(isLong ? rare : [])
]

it.live(
  "keeps every law in many lives, and comes to rest",
  () =>
    Effect.flatMap(Simulation.batch(Simulation.worldsOf(Simulation.inMemory), { count: 120, sometimes }), (lives) =>
      sayLives("in memory", lives)
    ),
  patience
)
