/** Causes and remedies of errors about conflicts with the present state. */
import type { ConflictError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in ConflictError["_tag"]]: Guide } = {
  DeploymentAlreadyExists: {
    cause: "The name is taken, and the command does not permit a replacement.",
    remedy: "Omit `--no-replace`, or choose another name."
  },
  DeploymentBusy: {
    cause: "Another operation on the deployment is in progress, or its lease has not expired after a crash.",
    remedy:
      "Repeat the command when it is done. `deployers events NAME` shows the operation, and `deployers reconcile` ends an interrupted one."
  },
  DeploymentDeployerMismatch: {
    cause: "The deployment belongs to another deployer.",
    remedy: "Use its own deployer, or delete it before you deploy it with this one."
  },
  DeploymentSnapshotMismatch: {
    cause:
      "The snapshot cannot be deployed here: it is another pipeline than the name serves, or its bundle is missing or made for another machine.",
    remedy: "Follow the remedy in the message: deploy the file again, or use `--allow-other-pipeline`."
  },
  DeploymentNotExportable: {
    cause: "The manifests need an image that a cluster can pull by its digest, and an accepted generation.",
    remedy: "Follow the remedy in the message: give the image with `--image`, or deploy the deployment first."
  },
  SnapshotInUse: {
    cause: "Generations of deployments refer to the snapshot.",
    remedy: "Delete the deployments that the message names, or keep the snapshot."
  },
  LeaseLost: {
    cause:
      "Another program took over the lease of the deployment during the operation, because this one stood still for too long.",
    remedy: "Read the status with `deployers refresh NAME`, then repeat the operation."
  },
  PortUnavailable: {
    cause: "Another process has the port, or the user may not listen on it.",
    remedy: "Choose another `--port`, or none to have one chosen; `ss -ltnp` shows who listens."
  },
  RegistryMismatch: {
    cause:
      "The registry and the engine do not belong together: the registry is an old copy, or the engine is another one. Nothing was changed.",
    remedy:
      "Run `deployers reconcile --rebuild` after the loss of a registry, or select the engine with `DOCKER_HOST` or the Docker context."
  },
  ResourceNotOwned: {
    cause:
      "A container, volume or folder that another program made has the name that the deployment needs. It stays unchanged.",
    remedy: "Remove or rename it, or choose another name for the deployment."
  },
  HomeInUse: {
    cause: "The registry is a copy, and the home that it was copied from still exists and owns the services.",
    remedy: "Delete or move that home, or run `deployers adopt --force` and stop using it."
  },
  FilesInTheWay: {
    cause: "`init` would have to overwrite files. Nothing was written.",
    remedy: "Use a new folder, or move the files that the message names."
  },
  RunNotRepeatable: {
    cause: "The parameters of the run are not on record, as with `--skip-artifacts`.",
    remedy: "Run the pipeline with `deployers invoke NAME`."
  },
  SessionConflict: {
    cause: "Another run changed the state of the session since it was read. Nothing was written.",
    remedy: "Read the state again, or use `update`, which repeats itself."
  },
  IdempotencyConflict: {
    cause: "The idempotency key was used with another body.",
    remedy: "Use a new key for another request, and the same body for a repetition."
  },
  RunHasEnded: {
    cause: "The run has ended, so that it takes no signal.",
    remedy: "Start a new run, and send the signal to that one."
  },
  RunNotRetryable: {
    cause: "The run is in progress, or its record lacks what the retry needs.",
    remedy: "Wait for its end. Use `--from start` if the results of its steps are not on record."
  },
  CanaryActive: {
    cause: "The deployment has a canary, so it takes no other generation and no other keys.",
    remedy: "Run `deployers promote NAME` or `deployers abort NAME`, then repeat the command."
  },
  CanaryUnsupported: {
    cause: "The deployer of the deployment leads all callers to one generation.",
    remedy: "Deploy without `--canary`, or deploy to Kubernetes."
  },
  CanaryAborted: {
    cause: "More runs of the canary failed than `--abort-on` permits. The version before serves all callers.",
    remedy: "Run `deployers runs NAME --status failed`, correct the version, and deploy it again."
  }
}
