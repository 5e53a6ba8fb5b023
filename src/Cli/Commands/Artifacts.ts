/** `deployers artifacts`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "../../Client.js"
import { json, print } from "../Common.js"
import * as Json from "../Output/Json.js"
import * as Render from "../Output/Render.js"
import * as Table from "../Output/Table.js"
import * as RunSearch from "../RunSearch.js"

const step = Args.text({ name: "step" }).pipe(
  Args.withDescription("A call of a step, such as forecast or forecast#2: prints its output."),
  Args.optional
)

export const artifacts = Command.make(
  "artifacts",
  { ...RunSearch.options, step, json },
  Effect.fnUntraced(function* ({ deployment, id, json, step }) {
    const { name } = yield* RunSearch.find(id, deployment)
    if (Option.isSome(step)) {
      const output = yield* Client.artifact(name, id, step.value)
      return yield* print(json, output, () => Render.json(output))
    }
    const list = yield* Client.artifacts(name, id)
    yield* print(json, Json.artifacts(list), (hasColor) => render(hasColor, list))
  })
).pipe(Command.withDescription("List the outputs of the steps of a run, or print one of them."))

// internal

const render = (hasColor: boolean, { artifacts }: Client.ArtifactList): string =>
  artifacts.length === 0
    ? "The run has no recorded outputs of steps."
    : Table.draw(
        hasColor,
        ["STEP", "BYTES", "PLACE", "CREATED", "SHA-256"],
        artifacts.map((one) => [one.step, String(one.bytes), one.place, Render.time(one.createdAt), one.digest])
      )
