/** Finding a run by its id alone. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../Client.js"
import { RunNotFound } from "../Contract/Errors.js"
import { Deployer } from "../Deployer.js"

/** The run a command is about. */
export const options = {
  id: Args.text({ name: "id" }).pipe(Args.withDescription("Id of the run.")),
  deployment: Options.text("deployment").pipe(
    Options.withDescription("The deployment it ran in; default: every one that runs is asked."),
    Options.optional
  )
} as const

/**
 * A run and the deployment it belongs to. Without a name every deployment that runs is asked; one that cannot be asked does
 * not keep the others from answering.
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
