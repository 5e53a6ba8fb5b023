import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { assess, type Facts } from "../../src/Kubernetes/Backend/PodStates.js"
import { DeploymentObject, PodObject } from "../../src/Kubernetes/Client/Resources.js"

const deployment = (status: object = {}, spec: object = {}) =>
  Schema.decodeUnknownSync(DeploymentObject)({
    metadata: { name: "weather-g1", generation: 1 },
    spec: { replicas: 2, ...spec },
    status: { observedGeneration: 1, updatedReplicas: 2, ...status }
  })

const pod = (container: object, status: object = {}) =>
  Schema.decodeUnknownSync(PodObject)({
    metadata: { name: "weather-g1-abc", creationTimestamp: "2026-01-01T00:00:00Z" },
    status: {
      phase: "Running",
      containerStatuses: [{ name: "service", ready: false, restartCount: 0, ...container }],
      ...status
    }
  })

const start = Date.parse("2026-01-01T00:00:00Z")

const facts = (some: Partial<Facts>): Facts => ({
  deployment: deployment(),
  pods: [],
  pullMessages: [],
  starting: true,
  now: start,
  schedulingMillis: 10_000,
  memory: "256Mi",
  ...some
})

const reasonOf = (some: Partial<Facts>): string => {
  const assessment = assess(facts(some))
  return assessment._tag === "Ready" ? "ready" : `${assessment._tag}: ${assessment.reason}`
}

describe("the state of a rollout", () => {
  it("is ready when all replicas are, at the start, and later when one is", () => {
    assert.strictEqual(reasonOf({ deployment: deployment({ readyReplicas: 2 }) }), "ready")
    assert.match(reasonOf({ deployment: deployment({ readyReplicas: 1 }) }), /^Waiting: 1 of 2 pods are ready/)
    assert.strictEqual(reasonOf({ deployment: deployment({ readyReplicas: 1 }), starting: false }), "ready")
  })

  it("K03: fails when the progress deadline has passed, also while one replica is ready", () => {
    const conditions = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }]
    assert.match(
      reasonOf({ deployment: deployment({ readyReplicas: 1, conditions }) }),
      /^Failed: its rollout did not progress in time \(ProgressDeadlineExceeded\)/
    )
  })

  it("K01: takes the words of the registry from the events when the kubelet only waits", () => {
    const waiting = { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' } }
    const reason = reasonOf({ pods: [pod({ state: waiting })], pullMessages: ["Failed to pull image: no such host"] })
    assert.strictEqual(
      reason,
      "Failed: its image cannot be pulled (ImagePullBackOff): Failed to pull image: no such host"
    )
  })

  it("K02: names the exit code of the container before, and the limit of memory after a kill for it", () => {
    const looping = (terminated: object) =>
      pod({ restartCount: 1, state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated } })
    assert.match(reasonOf({ pods: [looping({ exitCode: 70 })] }), /exit code 70/)
    assert.match(reasonOf({ pods: [looping({ exitCode: 137, reason: "OOMKilled" })] }), /its 256Mi of memory/)
  })

  it("K04: gives the scheduler its time, by the clock of the cluster", () => {
    const unscheduled = pod(
      {},
      {
        containerStatuses: [],
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: "0/2 nodes are available: 2 node(s) had untolerated taint.",
            lastTransitionTime: "2026-01-01T00:00:00Z"
          }
        ]
      }
    )
    assert.match(reasonOf({ pods: [unscheduled], now: start + 9_000 }), /^Waiting/)
    assert.match(reasonOf({ pods: [unscheduled], now: start + 10_000 }), /^Failed: no node .* untolerated taint$/)
  })

  it("K05: reports the refusal of a quota, for which there is no pod", () => {
    const conditions = [
      { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: a." }
    ]
    assert.match(reasonOf({ deployment: deployment({ conditions }) }), /exceeded quota: a$/)
  })

  it("K23: fails for a rollout that a person paused, and for one that was scaled to nothing", () => {
    assert.match(
      reasonOf({ deployment: deployment({}, { paused: true }) }),
      /kubectl rollout resume deployment\/weather-g1/
    )
    assert.match(
      reasonOf({ deployment: deployment({}, { replicas: 0 }), starting: false }),
      /scaled to 0 replicas by hand/
    )
  })

  it("K22: names the remedy for a node of another architecture, in the words of the runtime", () => {
    const ended = (message: string) =>
      reasonOf({
        pods: [
          pod({
            restartCount: 1,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 128, reason: "StartError", message } }
          })
        ]
      })
    const other = ended('failed to create containerd task: exec: "/usr/bin/node": exec format error: unknown')
    assert.match(other, /^Failed: its program cannot start \(StartError\): failed to create containerd task/)
    assert.match(other, /another architecture than its image: .* nodeSelector, for example .*"kubernetes.io\/arch"/)
    assert.match(ended("no such file or directory."), /\(StartError\): no such file or directory, before it was ready$/)
  })

  it("leaves a single crash to the cluster once the service has run", () => {
    const crashed = pod({
      restartCount: 1,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1 } }
    })
    assert.match(reasonOf({ pods: [crashed], starting: false }), /^Waiting/)
    const looping = pod({
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1 } }
    })
    assert.match(reasonOf({ pods: [looping], starting: false }), /^Failed: .* restarted it 3 times$/)
  })
})
