/** `deployers delete`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Deployer } from "../../Deployer.js"
import {
  afterRepeatable,
  deploymentName,
  flag,
  json,
  note,
  operationTimeout,
  print,
  whenInterrupted
} from "../Common.js"
import { UsageError } from "../Failure.js"
import { Input } from "../Input.js"
import * as Progress from "../Output/Progress.js"

export const remove = Command.make(
  "delete",
  {
    name: deploymentName,
    force: flag("force", "Drop the record even if the instance cannot be reached; it may keep running, unmanaged."),
    yes: flag("yes", "Do not ask for confirmation."),
    timeout: operationTimeout,
    json
  },
  Effect.fnUntraced(function* ({ force, json, name, timeout, yes }) {
    const deployer = yield* Deployer
    if (!yes && !(yield* confirm(name, json))) return yield* note("Nothing was deleted.")
    yield* Progress.follow(name, deployer.delete(name, { force, timeoutMillis: Option.getOrUndefined(timeout) })).pipe(
      whenInterrupted(afterRepeatable(`delete ${name}`))
    )
    yield* print(json, { deleted: name }, () => `"${name}" is deleted.`)
  })
).pipe(Command.withDescription("Stop a deployment and delete its record, its runs and its logs."))

// internal

const confirm = Effect.fnUntraced(function* (name: string, json: boolean) {
  const input = yield* Input
  if (input.isInteractive && !json) return yield* input.confirm(`Delete "${name}" with its runs and logs?`)
  return yield* new UsageError({
    message: "A deletion needs a confirmation, and there is no terminal to ask on.",
    hint: "Add --yes to delete without a question."
  })
})
