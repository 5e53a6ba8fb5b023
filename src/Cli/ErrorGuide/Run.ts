/** Causes and remedies of errors about runs. */
import type { RunError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in RunError["_tag"]]: Guide } = {
  DeploymentRunFailed: {
    cause: "The pipeline failed with a typed failure, which is in the message with its tag.",
    remedy: "Correct the parameters, or treat the failure by its tag; `deployers run describe ID` shows the steps."
  },
  RunInterrupted: {
    cause: "The run was cancelled, the service stopped first, or its process died.",
    remedy: 'Start it again with `deployers run retry ID`; `recovery: "resume"` lets runs survive the end of a process.'
  },
  RunLimitExceeded: {
    cause:
      "Outputs, a failure or recorded data of the run are over a limit of the service. The message names the setting.",
    remedy: "Return less, return a file, or raise the setting."
  },
  RunTimedOut: {
    cause: "The run hit its deadline and was interrupted.",
    remedy:
      "Give it more time with `--timeout`, or with `timeoutMillis` in the request, and look for the slow step with `deployers run describe ID`."
  },
  RunDiverged: {
    cause: "The code of a run that went on in another process differs from its records.",
    remedy:
      "Start the run again with `deployers run retry ID`. Keep the order of steps while runs are in progress, or let them end before you deploy."
  },
  RunNotRecovered: {
    cause: "Too many processes died while they executed the run, so that it is not started again.",
    remedy: "Find the reason in `deployers logs NAME`, often a lack of memory; then run `deployers run retry ID`."
  },
  RunContinues: {
    cause: "The service stops, and the run continues in the next process.",
    remedy: "Read its result later with `deployers run describe ID`."
  }
}
