/** Causes and remedies of errors about things that do not exist. */
import type { NotFoundError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in NotFoundError["_tag"]]: Guide } = {
  DeploymentNotFound: {
    cause: "The registry of the home has no deployment of that name or id.",
    remedy: "Run `deployers list`. If the name is there under another home or another registry, set `DEPLOYERS_HOME`."
  },
  DeploymentLogsNotFound: {
    cause: "The deployment has no log: it has not started yet, or its log is with an engine that has removed it.",
    remedy: "Start the deployment with `deployers provision NAME`, or read its audit log with `deployers events NAME`."
  },
  DeploymentSchemaNotFound: {
    cause:
      "The client knows the deployment by its URL only, and its info endpoint is disabled, or the answer is not that of a deployment.",
    remedy: "Name the deployment instead of its URL, or enable the endpoint `info`."
  },
  SnapshotNotFound: {
    cause: "The registry has no snapshot with that id, name or version.",
    remedy: "Run `deployers snapshot list`, or make the snapshot with `deployers snapshot create FILE`."
  },
  SecretNotFound: {
    cause: "A setting refers to a secret that is not stored.",
    remedy: "Store it with `deployers secret set NAME`, which reads the value from standard input."
  },
  AuthKeyNotFound: {
    cause: "The deployment has no live key with that id. It was removed, or it has expired.",
    remedy: "Run `deployers auth list NAME`, and use one of its ids."
  },
  PipelineFileNotFound: {
    cause: "The path of the pipeline leads to no readable file.",
    remedy: "Check the path, which is relative to the working directory, and the permissions of the file."
  },
  ConfigFileNotFound: {
    cause: "`deploy` without a file reads `deployers.config.ts`, and the working directory has none.",
    remedy: "Change to the folder of the settings file, name it with `--config`, or name the file of a pipeline."
  },
  PipelineExportNotFound: {
    cause: "The module exports no pipeline of that name, or exports several and the command chose none.",
    remedy: "Write `FILE#EXPORT` with the name of the export."
  },
  NotFound: {
    cause: "The service has no such path, or a setting disables or moves it.",
    remedy: "See `/docs` of the deployment for its paths, and the settings `disabledEndpoints` and `rootUrlPath`."
  },
  RunNotFound: {
    cause:
      "The deployment has no run with that id. `keepRuns` may have removed it, or the run belongs to another deployment.",
    remedy: "Run `deployers runs NAME`, and name the deployment with `--deployment`."
  },
  SessionNotFound: {
    cause: "The deployment has no session with that id, or the session has expired.",
    remedy: "Run `deployers sessions NAME`."
  },
  ArtifactNotFound: {
    cause: "The run has no output of that step, or its content was removed.",
    remedy: "Run `deployers artifacts RUN`. A run with `--skip-artifacts` records none."
  },
  ScheduleNotFound: {
    cause: "The pipeline that is deployed now has no schedule of that name.",
    remedy: "Run `deployers schedules NAME`, and deploy the version that has the schedule."
  },
  TriggerNotFound: {
    cause: "The pipeline that is deployed now has no trigger of that name.",
    remedy: "Run `deployers triggers NAME`, and deploy the version that has the trigger."
  },
  WebhookDeliveryNotFound: {
    cause: "The service has no delivery with that id. It was removed with its run.",
    remedy: "Run `deployers webhooks NAME`."
  },
  CanaryNotFound: {
    cause: "The deployment has no canary: it was promoted or aborted, or none was deployed.",
    remedy: "Run `deployers revisions NAME`, or deploy one with `--canary 10%`."
  }
}
