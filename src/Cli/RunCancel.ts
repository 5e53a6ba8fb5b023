/** `deployers run cancel`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Client from "../Client.js"
import { isGoing } from "../Contract/RunEvent.js"
import { json, note, print } from "./Common.js"
import * as Json from "./Json.js"
import * as RunSearch from "./RunSearch.js"
import * as RunView from "./RunView.js"

export const cancel = Command.make("cancel", { ...RunSearch.options, json }, ({ deployment, id, json }) =>
  Effect.gen(function* () {
    const { name } = yield* RunSearch.find(id, deployment)
    const ended = yield* Client.cancel(name, id)
    yield* print(json, Json.run(ended), (hasColor) => RunView.render(hasColor, ended))
    if (isGoing(ended.status)) {
      yield* note(`It has not ended yet; \`deployers run describe ${id}\` shows when it has.`)
    }
  })
).pipe(Command.withDescription("Interrupt a run; one that has ended stays as it is."))
