/** Causes and remedies of errors about calls of a deployment. */
import type { CallError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in CallError["_tag"]]: Guide } = {
  DeploymentHttpError: {
    cause: "The deployment could not be called: it is not running, does not answer, or another program answers.",
    remedy: "Read its status with `deployers describe NAME`, and start it with `deployers provision NAME`."
  },
  ServiceNotProven: {
    cause:
      "The process at the URL did not prove that it is the deployment, so that it received no key and no parameters.",
    remedy: 'Run `deployers refresh NAME`. Another program may have taken the port; a gateway needs `proof: "none"`.'
  },
  Unauthorized: {
    cause: "The request has no key, or one that was removed, has expired or never existed.",
    remedy: "Send `Authorization: Bearer KEY`; `deployers describe NAME --show-secret` shows the key."
  },
  Forbidden: {
    cause: "The key is live and lacks the scope of the endpoint.",
    remedy: "Use a key with the scope, or add one with `deployers auth add NAME --scope SCOPE`."
  },
  OriginRefused: {
    cause: "A page of another origin sent the request.",
    remedy: "Add the origin to the setting `cors`."
  },
  TooManyFailedKeys: {
    cause: "The address sent too many wrong keys in a row.",
    remedy: "Wait for the time of `Retry-After`, and correct the key. A live key is accepted all the same."
  },
  TooManyRuns: {
    cause: "More runs are in progress and queued than the service or the limit of the caller accepts.",
    remedy: "Repeat the request after `Retry-After`, or raise `maxConcurrency`, `maxQueue` or the limit of the caller."
  },
  ServiceUnavailable: {
    cause: "The service is starting or stopping, cannot record runs, or has too many streams open.",
    remedy: "Repeat the request after `Retry-After`. If that does not help, read `deployers logs NAME`."
  },
  ServiceInMaintenance: {
    cause: "An operator put the deployment into maintenance.",
    remedy: "Wait, or end it with `deployers resume NAME`."
  },
  InternalError: {
    cause: "A bug in the pipeline or in the service. The details are in its log under the id of the answer.",
    remedy: "Run `deployers logs NAME | grep ID`."
  }
}
