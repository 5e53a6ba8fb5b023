/** Lives of the Docker deployer on the engine that runs nothing. */
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { Simulation } from "effect-deployers/Conformance"
import { patience, sayLives } from "./Report.js"

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
  "keeps every law in 50 lives, and comes to rest",
  () =>
    Effect.flatMap(Simulation.batch(Simulation.worldsOf(Simulation.docker), { count: 50, sometimes }), (lives) =>
      sayLives("Docker", lives)
    ),
  patience
)

it.live(
  "keeps every law in 20 lives of deployments with doors, and leads callers to the accepted instances at rest",
  () =>
    Effect.flatMap(Simulation.batch(Simulation.worldsOf(Simulation.dockerWithDoors), { count: 20 }), (lives) =>
      sayLives("Docker with doors", lives)
    ),
  patience
)
