/** Causes and remedies of errors about input that is not valid. */
import type { InvalidInputError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in InvalidInputError["_tag"]]: Guide } = {
  InvalidName: {
    cause: "The name breaks the grammar of deployment names.",
    remedy: "Use 1 to 40 lowercase letters, digits and hyphens. Start with a letter, and do not end with a hyphen."
  },
  DeploymentInvalidSettings: {
    cause: "A setting does not decode, or the deployer cannot honour it. The message has the path of each.",
    remedy: "Correct the settings that the message names; `docs/settings.md` has the type and the default of each."
  },
  DeploymentInvalidParameters: {
    cause: "Parameters of a run do not fit the input schema of the pipeline.",
    remedy: "Run `deployers invoke NAME --help`, and correct each parameter that the message names."
  },
  ImageContentRefused: {
    cause:
      "A file that would travel in an image does not belong into one, such as a key or a file outside of the project.",
    remedy: "Remove the path from the setting `assets`, or move the file out of the folder."
  },
  PipelineExportInvalid: {
    cause: "The chosen export is a value of another kind.",
    remedy: "Export the value of `Pipeline.make`."
  },
  PipelineSchemaUnsupported: {
    cause: "A part of a schema of the pipeline has no JSON form. The message names the part.",
    remedy:
      "Use a Schema whose encoded side is JSON, such as `Schema.DateTimeUtc` for a time, or give the part an `identifier`."
  },
  PipelineBundleFailed: {
    cause: "The module, or a module that it imports, could not be bundled. The message has file, line and reason.",
    remedy:
      "Install the package that is missing, or name it with `--external`; a file type without a loader needs `--loader .EXT=text`."
  },
  PipelineGroupInvalid: {
    cause:
      "The pipelines cannot be one group: two have schedules or triggers of one name, or one has an application of its own.",
    remedy: "Rename one of them, or deploy the pipelines apart."
  },
  PipelineLoadFailed: {
    cause: "The module failed while it was loaded, before a run began.",
    remedy:
      "Correct the error at the place in the message. Read files and the environment in a layer or a run, not while the module loads."
  },
  PipelineTypeErrors: {
    cause: "The project's TypeScript reports errors in files that the pipeline reaches.",
    remedy: "Correct them, or deploy with `--no-typecheck`."
  },
  DeploymentCheckFailed: {
    cause: "The check of the pipeline failed in the new version. The old version serves on.",
    remedy: "Read the failure in the message and in `deployers logs NAME`, or deploy with `--no-check`."
  },
  ConfigLoadFailed: {
    cause: "The settings file failed while it was loaded, or its value is not that of `defineConfig`.",
    remedy: "Correct the error at the place in the message."
  },
  StackInvalid: {
    cause: "Deployments of the settings file are not valid, alone or together.",
    remedy: "Correct each path that the message names."
  },
  StackCycle: {
    cause: "Deployments refer to each other in a circle, so that none can be the first.",
    remedy: "Remove one of the references, or pass the URL of one deployment as a parameter of a run."
  },
  SessionMissing: {
    cause: "The pipeline uses the state of a session, and the request names none.",
    remedy: "Send the header `Session-Id`, use `--session ID`, or give the pipeline a `session` function."
  },
  SessionTooLarge: {
    cause: "A state of a session is larger than its `maxBytes`.",
    remedy: "Keep less in the state, store large values as artifacts, or raise `maxBytes`."
  },
  ResponseRefused: {
    cause: "The pipeline gave its response a status or a header that the service decides.",
    remedy: "Use another header, and let the pipeline fail with a typed error for a status of failure."
  },
  InvalidRequest: {
    cause: "The request has malformed JSON, JSON nested too deep, or parameters that do not decode.",
    remedy: "Correct the problems that the answer lists with their paths."
  },
  MethodNotAllowed: {
    cause: "The path exists with another method.",
    remedy: "Use a method of the header `Allow`."
  },
  UpgradeRequired: {
    cause: "The path is a WebSocket, and the request is not a handshake of one.",
    remedy: "Connect with a WebSocket client, or read the events of the run as server-sent events."
  },
  PayloadTooLarge: {
    cause: "The body, a field or a file is over its limit.",
    remedy: "Send less, or raise `maxBodyBytes`, or `maxBytes` of the file."
  },
  UnsupportedMediaType: {
    cause: "The content type of the body is not one that the endpoint reads.",
    remedy: "Send `Content-Type: application/json`, or `multipart/form-data` with files."
  },
  WebhookInvalid: {
    cause: "The request is not a delivery of a service that has the secret, or it is too old.",
    remedy:
      "Compare the secret of sender and receiver, verify the bytes as they arrived, and check the clock of the receiver."
  },
  WebhookSecretInvalid: {
    cause: "The value of a secret cannot sign deliveries.",
    remedy: "Make one with `echo whsec_$(openssl rand -base64 32)`."
  }
}
