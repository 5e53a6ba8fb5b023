/** The search for a run by its id. */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../Client.js"
import { RunNotFound } from "../Contract/Errors.js"
import { Deployer } from "../Deployer.js"
import { text } from "./Common.js"

/** The options that name a run. */
export const options = {
  id: Args.text({ name: "id" }).pipe(Args.withDescription("Id of the run.")),
  deployment: text("deployment", "The deployment of the run; default: a search in every running deployment.")
} as const

/**
 * A run and the name of its deployment. Without a name, this asks every running deployment; one that does not answer is
 * left out.
 */
export const find = Effect.fnUntraced(function* (id: string, deployment: Option.Option<string>) {
  if (Option.isSome(deployment)) return { name: deployment.value, run: yield* Client.run(deployment.value, id) }
  const deployer = yield* Deployer
  const running = yield* deployer.list({ status: "running" })
  const found = yield* Effect.forEach(
    running,
    ({ name }) => Effect.option(Effect.map(Client.run(name, id), (run) => ({ name, run }))),
    { concurrency: 4 }
  )
  return yield* Option.firstSomeOf(found).pipe(
    Effect.mapError(
      () =>
        new RunNotFound({
          runId: id,
          message: `None of the ${running.length} running deployments has a run ${JSON.stringify(id)}.`
        })
    )
  )
})
