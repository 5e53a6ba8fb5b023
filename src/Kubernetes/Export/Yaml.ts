/** Manifests as YAML, with comments for people. */
import * as Effect from "effect/Effect"
import { DeploymentNotExportable } from "../../Errors/Lifecycle.js"
import { types } from "../KubernetesClient.js"
import type { Document, Exported, Manifest } from "../Manifests.js"

/** Writes each object as a document. The client of Kubernetes has the writer and the order of fields. */
export const documentsOf = (exported: Exported): Effect.Effect<ReadonlyArray<Document>, DeploymentNotExportable> =>
  Effect.gen(function* () {
    const { dumpYaml } = yield* Effect.tryPromise({
      try: () => import("@kubernetes/client-node"),
      catch: () =>
        new DeploymentNotExportable({
          name: exported.name,
          reason: "the package @kubernetes/client-node, which writes YAML, is not installed",
          remedy: "Add it to the application"
        })
    })
    return exported.manifests.map((manifest) => ({
      file: manifest.file,
      isSecret: manifest.isSecret,
      text: [firstLine(exported), ...remarksOf(exported, manifest), dumpYaml(manifest.object, style)].join("\n")
    }))
  })

/** The first line of each document of a deployment. */
export const firstLine = ({ name }: Pick<Exported, "name">): string =>
  `# Written by \`deployers export kubernetes ${name}\`.`

// internal

/** Words that an older YAML reads as another type have quotes. */
const style = { noRefs: true, lineWidth: -1, quotingType: '"' } as const

/** The pods say which Secret they need, if it is not among the manifests. */
const remarksOf = ({ manifests, secret }: Exported, { kind }: Manifest): ReadonlyArray<string> =>
  kind !== types.deployments.kind || secret === undefined || manifests.some(({ isSecret }) => isSecret)
    ? []
    : [
        `# Its pods need the Secret "${secret.name}" (type Opaque) in the same namespace, which is left out because its values`,
        "# are secret. The Secret must have these keys:",
        ...secret.entries.map(({ content, key }) => `#   ${key}: ${content}`),
        "# The option --with-secrets writes it with its values, to a file that only its owner can read."
      ]
