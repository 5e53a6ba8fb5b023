/** `deployers delete`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../Deployer.js"
import { deploymentName, json, note, print, timeout, whenInterrupted } from "./Common.js"
import { UsageError } from "./Failure.js"
import { Input } from "./Input.js"
import * as Progress from "./Progress.js"

export const remove = Command.make(
  "delete",
  {
    name: deploymentName,
    force: Options.boolean("force").pipe(
      Options.withDescription("Drop the record even if what runs cannot be reached; it is nobody's then.")
    ),
    yes: Options.boolean("yes").pipe(Options.withDescription("Do not ask.")),
    timeout: timeout("How long it may take, such as 30s or 2m; default 60s."),
    json
  },
  ({ force, json, name, timeout, yes }) =>
    Effect.gen(function* () {
      const deployer = yield* Deployer
      if (!yes && !(yield* confirm(name, json))) return yield* note("Nothing was deleted.")
      yield* Progress.follow(
        name,
        deployer.delete(name, { force, timeoutMillis: Option.getOrUndefined(timeout) })
      ).pipe(whenInterrupted(`\`deployers delete ${name}\` can be repeated.`))
      yield* print(json, { deleted: name }, () => `"${name}" is deleted.`)
    })
).pipe(Command.withDescription("Stop a deployment and forget it, with its runs and logs."))

// internal

const confirm = (name: string, json: boolean) =>
  Effect.flatMap(Input, (input) =>
    input.isInteractive && !json
      ? input.confirm(`Delete "${name}" with its runs and logs?`)
      : Effect.fail(
          new UsageError({
            message: "Deleting asks first, and there is no terminal to ask on.",
            hint: "Add --yes to delete without asking."
          })
        )
  )
