/** The JSON that commands print. Scripts rely on it. */
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ArtifactList } from "../../Contract/Artifacts.js"
import { RunLogLine } from "../../Contract/RunLog.js"
import { ScheduleStatus } from "../../Contract/Schedules.js"
import { SessionRecord, SessionSummary } from "../../Contract/Sessions.js"
import { WebhookDelivery, WebhookPage } from "../../Contract/Webhooks.js"
import { Candidate } from "../../Deployment/Candidate.js"
import { DeploymentEvent } from "../../Deployment/DeploymentEvent.js"
import { Intake } from "../../Deployment/Intake.js"
import { type Deployment, Revision } from "../../Deployment.js"
import type { Snapshot } from "../../Snapshot/Model.js"
import { Run, RunSummary } from "../../Store/RunStore.js"

/** A deployment, with its key only if the key is given. */
export const deployment = (self: Deployment, authKey?: Redacted.Redacted): Readonly<Record<string, unknown>> => ({
  id: self.id,
  name: self.name,
  status: self.status,
  url: self.url ?? null,
  generation: self.generation,
  deployer: self.deployer,
  snapshot: self.snapshot,
  metadata: self.metadata,
  authEnabled: self.authEnabled,
  ...(self.intake === undefined ? {} : { intake: encodeIntake(self.intake) }),
  ...(self.candidate === undefined ? {} : { candidate: encodeCandidate(self.candidate) }),
  ...(authKey === undefined ? {} : { authKey: Redacted.value(authKey) }),
  ...(self.reason === undefined ? {} : { reason: self.reason }),
  ...(self.unknownSince === undefined ? {} : { unknownSince: DateTime.formatIso(self.unknownSince) }),
  createdAt: DateTime.formatIso(self.createdAt),
  updatedAt: DateTime.formatIso(self.updatedAt)
})

const encodeCandidate = Schema.encodeSync(Candidate)

const encodeIntake = Schema.encodeSync(Intake)

/** A snapshot without its documents. */
export const snapshotSummary = (self: Snapshot): Readonly<Record<string, unknown>> => ({
  id: self.id,
  pipelineName: self.pipelineName,
  version: self.version,
  source: self.source,
  bundle: self.bundle,
  createdAt: DateTime.formatIso(self.createdAt)
})

/** A snapshot with its spec and settings. */
export const snapshot = (self: Snapshot): Readonly<Record<string, unknown>> => ({
  ...snapshotSummary(self),
  spec: { ...self.spec },
  settings: self.settings
})

/** A run, in the encoding of the HTTP contract. */
export const run: (self: Run) => typeof Run.Encoded = Schema.encodeSync(Run)

/** A run of a list, in the encoding of the HTTP contract. */
export const runSummary: (self: RunSummary) => typeof RunSummary.Encoded = Schema.encodeSync(RunSummary)

/** A line of a run's log, in the encoding of the HTTP contract. */
export const runLogLine: (self: RunLogLine) => typeof RunLogLine.Encoded = Schema.encodeSync(RunLogLine)

/** The artifacts of a run, in the encoding of the HTTP contract. */
export const artifacts: (self: ArtifactList) => typeof ArtifactList.Encoded = Schema.encodeSync(ArtifactList)

/** A schedule, in the encoding of the HTTP contract. */
export const schedule: (self: ScheduleStatus) => typeof ScheduleStatus.Encoded = Schema.encodeSync(ScheduleStatus)

/** The webhooks of a deployment and their deliveries, in the encoding of the HTTP contract. */
export const webhookPage: (self: WebhookPage) => typeof WebhookPage.Encoded = Schema.encodeSync(WebhookPage)

/** A delivery, in the encoding of the HTTP contract. */
export const webhookDelivery: (self: WebhookDelivery) => typeof WebhookDelivery.Encoded =
  Schema.encodeSync(WebhookDelivery)

/** A session of a list, in the encoding of the HTTP contract. */
export const sessionSummary: (self: SessionSummary) => typeof SessionSummary.Encoded = Schema.encodeSync(SessionSummary)

/** A session, in the encoding of the HTTP contract. */
export const session: (self: SessionRecord) => typeof SessionRecord.Encoded = Schema.encodeSync(SessionRecord)

/** A revision. */
export const revision: (self: Revision) => typeof Revision.Encoded = Schema.encodeSync(Revision)

/** A lifecycle event. */
export const event: (self: DeploymentEvent) => typeof DeploymentEvent.Encoded = Schema.encodeSync(DeploymentEvent)
