/** `deployers adopt`: the home was copied or moved, and its services are to belong to this one. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../../Deployer.js"
import type { Deployment } from "../../Deployment.js"
import { HomeBinding } from "../../Store/HomeBinding.js"
import { flag, json, print } from "../Common.js"
import * as Table from "../Output/Table.js"

export const adopt = Command.make(
  "adopt",
  { force: flag("force", "Adopt although the other home still exists; stop using that one."), json },
  Effect.fnUntraced(function* ({ force, json }) {
    const binding = yield* HomeBinding
    const from = Option.getOrNull(yield* binding.other)
    if (from === null) {
      return yield* print(json, { from, deployments: [] }, () => "The registry is bound to this home already.")
    }
    yield* binding.adopt({ force })
    const deployments = yield* takeOver
    yield* print(json, { from, deployments }, (hasColor) =>
      [
        `This home takes over from ${from}.`,
        ...(deployments.length === 0
          ? []
          : [
              Table.draw(
                hasColor,
                ["NAME", "OUTCOME"],
                deployments.map(({ name, outcome }) => [name, outcome])
              )
            ])
      ].join("\n")
    )
  })
).pipe(Command.withDescription("Bind a copied or moved home folder to its new place, and take its services over."))

// internal

/** Observes every deployment through the records in this home. */
const takeOver = Effect.gen(function* () {
  const deployer = yield* Deployer
  return yield* Effect.forEach(yield* deployer.list(), ({ id }) =>
    Effect.map(deployer.refresh(id), (seen) => ({ name: seen.name, outcome: outcomeOf(seen) }))
  )
})

const outcomeOf = ({ desired, status, unknownSince }: Deployment): "taken over" | "gone" | "stopped" | "unknown" => {
  if (desired === "stopped") return "stopped"
  if (unknownSince !== undefined || status === "unknown") return "unknown"
  return status === "running" || status === "pending" ? "taken over" : "gone"
}
