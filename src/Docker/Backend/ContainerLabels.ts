/** What is made for a request says whose it is. */
import type { ProvisionRequest } from "../../Flavor/Backend.js"
import { publicFingerprint } from "../../Flavor/Fingerprint.js"
import { version } from "../../Internal/Version.js"
import * as Labels from "../Labels.js"
import type { DockerSettings } from "../Settings.js"

/** Labels of what belongs to one generation. */
export const instanceLabels = (
  request: ProvisionRequest<DockerSettings>,
  deployer: string
): Readonly<Record<string, string>> =>
  Labels.ofInstance({
    registryId: request.registryId,
    deploymentId: request.deploymentId,
    name: request.name,
    generation: request.generation,
    deployer,
    snapshotId: request.snapshot.id,
    pipelineName: request.snapshot.pipelineName,
    checksum: publicFingerprint(request),
    version
  })

/** Labels of what all generations share. */
export const sharedLabels = (
  request: ProvisionRequest<DockerSettings>,
  deployer: string
): Readonly<Record<string, string>> =>
  Labels.ofShared({
    registryId: request.registryId,
    deploymentId: request.deploymentId,
    name: request.name,
    deployer,
    version
  })
