/** `deployers init`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { FilesInTheWay } from "../../Errors/Input.js"
import { json, print } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as Render from "../Output/Render.js"
import * as Starter from "./Starter.js"

export const init = Command.make(
  "init",
  {
    directory: Args.text({ name: "dir" }).pipe(
      Args.withDescription("The folder, which is created if it does not exist; default: the current folder."),
      Args.withDefault(".")
    ),
    template: Options.choice("template", Starter.names).pipe(
      Options.withDescription(`The content of the project: ${described(Starter.templates)}. Default: basic.`),
      Options.withDefault("basic" as const)
    ),
    json
  },
  ({ directory, json, template }) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = path.resolve(directory)
      const files = {
        ...Starter.files(path.basename(folder), template),
        ...(yield* filesIn(Starter.folderOf(template)))
      }
      const names = Object.keys(files)
      const present = yield* Effect.filter(names, (name) => fs.exists(path.join(folder, name)))
      if (present.length > 0) return yield* new FilesInTheWay({ folder, files: present })
      yield* fs.makeDirectory(folder, { recursive: true })
      yield* Effect.forEach(Object.entries(files), ([name, text]) => write(path.join(folder, name), text))
      yield* print(json, { directory: folder, template, files: names }, () =>
        whatNext(path.relative(".", folder), template, names)
      )
    }).pipe(Effect.catchTags({ BadArgument: unusable(directory), SystemError: unusable(directory) }))
).pipe(
  Command.withDescription(
    "Create a starter project that deploys with `npm run deploy`: a pipeline, its tests and settings."
  )
)

// internal

function described(templates: Readonly<Record<string, Starter.Template>>): string {
  return Object.entries(templates)
    .map(([name, { description }]) => `${name} (${description})`)
    .join(", ")
}

/** The texts of the files of a folder, by their paths in it. */
const filesIn = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = yield* fs.readDirectory(folder, { recursive: true })
    const files = yield* Effect.filter(names, (name) =>
      Effect.map(fs.stat(path.join(folder, name)), ({ type }) => type === "File")
    )
    const texts = yield* Effect.forEach(files.sort(), (name) =>
      Effect.map(fs.readFileString(path.join(folder, name)), (text) => [name, text] as const)
    )
    return Object.fromEntries(texts)
  })

/** "wx" fails on a file that appeared after the check. */
const write = (file: string, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(path.dirname(file), { recursive: true })
    yield* fs.writeFileString(file, text, { flag: "wx" })
  })

const whatNext = (folder: string, template: Starter.TemplateName, names: ReadonlyArray<string>): string =>
  [
    `Created ${names.join(", ")}. Next:`,
    ...(folder === "" ? [] : [`  cd ${Render.clean(Render.shellWord(folder))}`]),
    ...Starter.firstCommands(Starter.templates[template]).map((command) => `  ${command}`)
  ].join("\n")

const unusable = (directory: string) => (error: PlatformError) =>
  new UsageError({
    message: `The folder ${directory} cannot be used: ${error.message}`,
    hint: "Use a folder that you may write to."
  })
