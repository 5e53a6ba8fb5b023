/** Lives of the Docker deployer on the engine that runs nothing. */
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Testing"
import { sayLives } from "./Say.js"

/** Other tests may want the machine too. */
const patience = 900_000

const sometimes = [
  "fault failBefore",
  "fault actThenFail",
  "error EngineUnavailable",
  "error DeploymentProvisionFailed",
  "reconcile restore done",
  "provision succeeded",
  "delete succeeded"
]

it.live(
  "keeps every law in 60 lives, and comes to rest",
  () =>
    Effect.flatMap(Simulation.batch(Simulation.worldsOf(Simulation.docker), { count: 60, sometimes }), (lives) =>
      sayLives("Docker", lives)
    ),
  patience
)
