/** `deployers export kubernetes`: the objects of a deployment as manifests, for tools that apply them from a repository. */
import * as Path from "node:path"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Document, Exported } from "../../Kubernetes/Manifests.js"
import { deploymentName, flag, json, note, print, text } from "../Common.js"
import { UsageError } from "../Failure.js"
import * as Render from "../Output/Render.js"

const kubernetes = Command.make(
  "kubernetes",
  {
    name: Args.withDescription(deploymentName, "Name or id of the deployment, of any flavor."),
    output: text("output", "Write one file an object to this folder.", "folder"),
    image: text("image", "The image of its snapshot, by digest; default the one that a deploy pushed.", "reference"),
    namespace: text("namespace", "The namespace; default that of the settings, else none."),
    withSecrets: flag("with-secrets", "Write the Secret with its values, too; needs --output."),
    json
  },
  Effect.fnUntraced(function* ({ image, json, name, namespace, output, withSecrets }) {
    if (withSecrets && Option.isNone(output)) return yield* secretsWithoutFolder
    const Manifests = yield* Effect.promise(() => import("../../Kubernetes/Manifests.js"))
    const exported = yield* Manifests.ofDeployment(name, {
      withSecrets,
      image: Option.getOrUndefined(image),
      settings: { namespace: Option.getOrUndefined(namespace) }
    })
    const documents = yield* Manifests.toYaml(exported)
    if (Option.isNone(output)) {
      const objects = exported.manifests.map(({ object }) => object)
      return yield* print(json, { ...summaryOf(exported), objects }, () => joined(documents))
    }
    const files = yield* write(output.value, Manifests.firstLineOf(exported), documents)
    yield* print(json, { ...summaryOf(exported), files }, () => files.map(Render.clean).join("\n"))
    yield* remarkOnSecret(exported, documents, output.value)
  })
).pipe(Command.withDescription("Write the manifests of a deployment, without the values of its secrets."))

export const exportCommand = Command.make("export").pipe(
  Command.withDescription("Write a deployment for other tools."),
  Command.withSubcommands([kubernetes])
)

// internal

const secretsWithoutFolder = new UsageError({
  message: "The values of secrets are not printed.",
  hint: "Add `--output FOLDER`: the file of the Secret is readable by its owner only."
})

const joined = (documents: ReadonlyArray<Document>): string =>
  documents.map(({ text }) => text.trimEnd()).join("\n---\n")

const summaryOf = ({ generation, name, secret }: Exported) => ({
  name,
  generation,
  secret: secret === undefined ? null : { name: secret.name, keys: secret.entries.map(({ key }) => key) }
})

/** Writes the files, and removes those of an earlier export of the deployment whose objects are gone; that of the Secret stays. */
const write = Effect.fnUntraced(
  function* (folder: string, firstLine: string, documents: ReadonlyArray<Document>) {
    const { writeWhole } = yield* Effect.promise(() => import("../../Flavor/InstanceFiles.js"))
    const fs = yield* FileSystem.FileSystem
    const hasSecrets = documents.some(({ isSecret }) => isSecret)
    yield* fs.makeDirectory(folder, { recursive: true, ...(hasSecrets ? { mode: 0o700 } : {}) })
    const wanted = new Set(documents.map(({ file }) => file))
    for (const file of yield* fs.readDirectory(folder)) {
      const path = Path.join(folder, file)
      if (wanted.has(file) || !/^\d\d-(?!secret-).*\.yaml$/.test(file)) continue
      if ((yield* fs.readFileString(path)).startsWith(`${firstLine}\n`)) yield* fs.remove(path)
    }
    for (const { file, isSecret, text } of documents) {
      yield* writeWhole(Path.join(folder, file), text, isSecret ? 0o600 : 0o644)
    }
    return documents.map(({ file }) => Path.join(folder, file))
  },
  (effect, folder) =>
    Effect.mapError(
      effect,
      ({ message }) =>
        new UsageError({
          message: `The manifests cannot be written to the folder ${folder} of --output: ${message}`,
          hint: "Choose a folder that you may write to."
        })
    )
)

const remarkOnSecret = ({ secret }: Exported, documents: ReadonlyArray<Document>, folder: string) => {
  if (secret === undefined) return Effect.void
  const written = documents.find(({ isSecret }) => isSecret)
  return note(
    written === undefined
      ? `The pods need the Secret ${secret.name} with the keys ${secret.entries.map(({ key }) => key).join(", ")}. Its values are secret, so it is not among the files.`
      : `The file ${Path.join(folder, written.file)} has the values of secrets. Keep it out of repositories.`
  )
}
