/** `deployers list`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../Deployer.js"
import { type Deployment, Status } from "../Deployment.js"
import { json, print } from "./Common.js"
import * as Json from "./Json.js"
import { watch } from "./ListWatch.js"
import * as Render from "./Render.js"

export const list = Command.make(
  "list",
  {
    status: Options.choice("status", Status.literals).pipe(
      Options.withDescription("Only deployments of that status."),
      Options.optional
    ),
    isWatching: Options.boolean("watch").pipe(
      Options.withDescription("Show how they change, until interrupted. With --json: one value per line.")
    ),
    json
  },
  ({ isWatching, json, status }) =>
    Effect.gen(function* () {
      const wanted = Option.getOrUndefined(status)
      if (isWatching) return yield* watch({ json, status: wanted, draw })
      const deployments = yield* Effect.flatMap(Deployer, (deployer) => deployer.list({ status: wanted }))
      yield* print(json, { deployments: deployments.map((one) => Json.deployment(one)) }, (hasColor) =>
        draw(hasColor, deployments)
      )
    })
).pipe(Command.withDescription("List deployments as last observed."))

// internal

const draw = (hasColor: boolean, deployments: ReadonlyArray<Deployment>): string =>
  deployments.length === 0
    ? "There are no deployments; `deployers deploy FILE --name NAME` makes one."
    : Render.table(
        hasColor,
        ["NAME", "STATUS", "URL", "GEN", "SNAPSHOT", "DEPLOYER", "UPDATED"],
        deployments.map((one) => [
          one.name,
          one.status,
          one.url ?? "-",
          String(one.generation),
          `${one.snapshot.pipelineName}@${one.snapshot.version}`,
          one.deployer.flavor,
          Render.time(one.updatedAt)
        ])
      )
