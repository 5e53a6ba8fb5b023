/** The search for a run by its id. */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../Client.js"
import { RunNotFound } from "../Contract/Errors.js"
import { Deployer } from "../Deployer.js"
import type { Deployment } from "../Deployment.js"
import type { RunStatus } from "../Store/RunStore.js"
import { note, text } from "./Common.js"
import { StoredRuns } from "./StoredRuns.js"

/** The options that name a run. */
export const options = {
  id: Args.text({ name: "id" }).pipe(Args.withDescription("Id of the run.")),
  deployment: text("deployment", "The deployment of the run; default: a search in every running deployment.")
} as const

/**
 * A run and the name of its deployment: of the service, or else of the records of a deployment that does not answer. Commands
 * that only show a run use this.
 */
export const findRecorded = (id: string, deployment: Option.Option<string>) =>
  Effect.catchTags(find(id, deployment), {
    DeploymentHttpError: (error) => recordOf(id, deployment, error),
    ServiceUnavailable: (error) => recordOf(id, deployment, error),
    RunNotFound: (error) => recordOf(id, deployment, error)
  })

/** A page of the runs of a deployment: of its service, or else of its records. */
export const page = (name: string, query: PageQuery) => {
  const recorded = <E>(error: E) =>
    Effect.gen(function* () {
      const records = yield* recordsOf(yield* Effect.flatMap(Deployer, (deployer) => deployer.get(name)))
      if (Option.isNone(records)) return yield* Effect.fail(error)
      yield* note(`"${name}" does not answer; these are its recorded runs.`)
      const { nextCursor, runs } = yield* records.value.list(query)
      return { runs, ...(nextCursor === undefined ? {} : { nextCursor }) }
    }).pipe(Effect.scoped)
  return Effect.catchTags(Client.runs(name, query), {
    DeploymentHttpError: (error) => recorded(error),
    ServiceUnavailable: (error) => recorded(error)
  })
}

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

// internal

type PageQuery = {
  readonly status: RunStatus | undefined
  readonly session: string | undefined
  readonly limit: number
  readonly cursor: string | undefined
}

const recordsOf = (deployment: Deployment) => Effect.flatMap(StoredRuns, ({ open }) => open(deployment))

const recordOf = <E>(id: string, deployment: Option.Option<string>, error: E) =>
  Effect.gen(function* () {
    const deployer = yield* Deployer
    const candidates = yield* Option.match(deployment, {
      onNone: () => deployer.list({}),
      onSome: (name) => Effect.map(deployer.get(name), (one) => [one])
    })
    const found = yield* Effect.forEach(candidates, (one) => runIn(one, id))
    const first = yield* Effect.mapError(Option.firstSomeOf(found), () => error)
    yield* note(`"${first.name}" does not answer; this is its record of the run.`)
    return first
  })

/** One store that cannot be read does not hide the others. */
const runIn = (deployment: Deployment, id: string) =>
  Effect.gen(function* () {
    const records = yield* recordsOf(deployment)
    if (Option.isNone(records)) return Option.none<never>()
    return Option.map(yield* records.value.find(id), (run) => ({ name: deployment.name, run }))
  }).pipe(
    Effect.scoped,
    Effect.catchTag("StoreError", () => Effect.succeed(Option.none<never>()))
  )
