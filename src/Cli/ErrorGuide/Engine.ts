/** Causes and remedies of errors about engines. */
import type { EngineError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in EngineError["_tag"]]: Guide } = {
  DeploymentProvisionFailed: {
    cause: "The new version did not become healthy. The version that served before serves on.",
    remedy:
      "Read the last log lines in the message, then `deployers events NAME`. `deployers dev FILE` shows the failure of a pipeline at once."
  },
  DeploymentDeprovisionFailed: {
    cause: "An instance of the deployment could not be stopped or removed.",
    remedy: "Repeat the command, which is safe. `deployers delete NAME --force` drops the record all the same."
  },
  DeploymentTimeout: {
    cause: "The operation did not end within its deadline, and was undone.",
    remedy: "Give it more time with `--timeout 5m`, and look for a layer that waits in the last log lines."
  },
  EngineUnavailable: {
    cause: "The container engine or the process table could not be asked. No change is known.",
    remedy:
      "Start the engine, and check `DOCKER_HOST` and the permissions of its socket; `deployers doctor` names the fault."
  },
  OutcomeUnknown: {
    cause: "The answer to a request was lost, so that its effect is not known.",
    remedy: "Repeat the command, which is safe, or run `deployers reconcile`."
  },
  ImageNotBuilt: {
    cause: "An image could not be made. Nothing was deployed.",
    remedy: "Follow the remedy in the message."
  },
  BaseImageUnavailable: {
    cause: "The base image is not in the engine and cannot be pulled.",
    remedy: "Check the reference, load the image with `docker load`, or use `--base host`, which needs no registry."
  },
  ServiceManagerUnavailable: {
    cause: "Neither systemd nor launchd manages this machine for this user.",
    remedy: "Follow the remedy in the message, such as a line of `crontab`."
  },
  ServiceManagerFailed: {
    cause: "systemd or launchd refused a command, or a file of it could not be written.",
    remedy: "Follow the remedy in the message. An installation that failed leaves no new file."
  },
  StackNotRestored: {
    cause: "A stack failed, and some of its deployments could not return to their old version.",
    remedy: "Run `deployers rollback NAME` for each deployment that the message names."
  },
  ImageNotPushed: {
    cause: "The registry of images did not take the image: it cannot be reached, or it refuses the credentials.",
    remedy: "Follow the remedy in the message; `docker login` stores credentials of a registry."
  }
}
