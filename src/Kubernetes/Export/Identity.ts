/** The names and the labels of exported objects. */
import { encodeManifest } from "../../Flavor/InstanceManifest.js"
import * as Labels from "../Labels.js"
import type { Described, Identity } from "../Objects/Context.js"
import { digestOf, entries } from "../Objects/Files.js"
import { exportedManifest } from "./Manifest.js"

/** The name of the ConfigMap with the manifest. */
export const manifestName = ({ name }: Pick<Described, "name">): string => `${name}-manifest`

/**
 * No name has a generation, because selectors of a Deployment can never change. No object has the labels of a registry, so
 * no deployer takes it for its own, and its pods are none of a deployment of the same name.
 */
export const exportedIdentity = (request: Described): Identity => {
  const { name } = request
  const { [Labels.annotations.deployer]: _, ...annotations } = Labels.annotationsOf(request, "")
  const selector = { [Labels.keys.exported]: name }
  const labels = { "app.kubernetes.io/name": name, ...selector }
  const metadata = { labels, annotations }
  const digest = digestOf({ [entries.manifest]: encodeManifest(exportedManifest(request)) })
  return {
    names: {
      shared: name,
      instance: name,
      intake: Labels.names(request).intake,
      secret: `${name}-secrets`,
      manifest: manifestName(request)
    },
    shared: metadata,
    instance: metadata,
    pod: { labels, annotations: { [Labels.annotations.manifest]: digest } },
    selectors: { all: selector, instance: selector }
  }
}
