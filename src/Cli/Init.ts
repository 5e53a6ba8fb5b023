/** `deployers init`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { FilesInTheWay } from "../Errors/Input.js"
import { json, print } from "./Common.js"
import { UsageError } from "./Failure.js"
import * as Render from "./Render.js"
import * as Starter from "./Starter.js"

export const init = Command.make(
  "init",
  {
    directory: Args.text({ name: "dir" }).pipe(
      Args.withDescription("The folder, which is created if it does not exist; default: the current folder."),
      Args.withDefault(".")
    ),
    json
  },
  ({ directory, json }) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = path.resolve(directory)
      const files = Object.entries(Starter.files(path.basename(folder)))
      const names = files.map(([name]) => name)
      const present = yield* Effect.filter(names, (name) => fs.exists(path.join(folder, name)))
      if (present.length > 0) return yield* new FilesInTheWay({ folder, files: present })
      yield* fs.makeDirectory(folder, { recursive: true })
      // "wx" fails on a file that appeared after the check.
      yield* Effect.forEach(files, ([name, text]) => fs.writeFileString(path.join(folder, name), text, { flag: "wx" }))
      yield* print(json, { directory: folder, files: names }, () => whatNext(path.relative(".", folder), names))
    }).pipe(Effect.catchTags({ BadArgument: unusable(directory), SystemError: unusable(directory) }))
).pipe(Command.withDescription("Create a starter project: a pipeline, types, and the packages for a deployment."))

// internal

const whatNext = (folder: string, names: ReadonlyArray<string>): string =>
  [
    `Created ${names.join(", ")}. Next:`,
    ...(folder === "" ? [] : [`  cd ${Render.clean(Render.shellWord(folder))}`]),
    "  npm install",
    "  npx deployers deploy weather.ts --name weather",
    "  npx deployers invoke weather --city Oslo"
  ].join("\n")

const unusable = (directory: string) => (error: PlatformError) =>
  new UsageError({
    message: `The folder ${directory} cannot be used: ${error.message}`,
    hint: "Use a folder that you may write to."
  })
