/** The state of a rollout, from its Deployment and its pods. Pure. */
import { meaningOfExit } from "../../Flavor/InstanceManifest.js"
import type { ContainerStatus, DeploymentObject, PodObject } from "../Client/Resources.js"

/** The facts about a generation. */
export interface Facts {
  readonly deployment: DeploymentObject
  /** Its pods without those that are being removed. */
  readonly pods: ReadonlyArray<PodObject>
  /** Messages of events about pods whose image cannot be pulled. */
  readonly pullMessages: ReadonlyArray<string>
  /** True if the generation never answered yet; then a restart means that its start failed. */
  readonly starting: boolean
  /** The time of the cluster in milliseconds since the epoch. */
  readonly now: number
  /** The time that a pod may wait for a node. */
  readonly schedulingMillis: number
  /** The memory of a pod for messages. */
  readonly memory: string | undefined
}

/** The state of a rollout: a failed one does not become ready by itself. */
export type Assessment =
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Waiting"; readonly reason: string }
  | { readonly _tag: "Failed"; readonly reason: string }

/**
 * Assesses a rollout. While a generation starts, all replicas have to be ready, and the first failure of one fails it. Later
 * one ready replica serves.
 */
export const assess = (facts: Facts): Assessment => {
  const { deployment, pods, starting } = facts
  const { replicas } = deployment.spec
  const { readyReplicas, updatedReplicas } = deployment.status
  if (replicas === 0) return failed("its Deployment was scaled to 0 replicas by hand; deploy again, or scale it up")
  const isObserved = (deployment.status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  if (starting) {
    if (isObserved && readyReplicas >= replicas && updatedReplicas >= replicas) return { _tag: "Ready" }
    return failureOf(facts) ?? waiting(progressOf(facts))
  }
  if (readyReplicas > 0) return { _tag: "Ready" }
  const failures = pods.map((pod) => podFailure(pod, facts))
  const [first] = failures
  return failures.length > 0 && first !== undefined && failures.every((one) => one !== undefined)
    ? failed(first)
    : (failureOf({ ...facts, pods: [] }) ?? waiting(progressOf(facts)))
}

/** True for a pod whose image cannot be pulled: only its events say why. */
export const cannotPull = (pod: PodObject): boolean =>
  pod.status.containerStatuses.some(({ state }) => pullReasons.has(state.waiting?.reason ?? ""))

// internal

const failed = (reason: string): Assessment => ({ _tag: "Failed", reason })
const waiting = (reason: string): Assessment => ({ _tag: "Waiting", reason })

const failureOf = (facts: Facts): Assessment | undefined => {
  const { deployment, pods } = facts
  if (deployment.spec.paused) {
    return failed(
      `its rollout was paused by hand; continue it with \`kubectl rollout resume deployment/${deployment.metadata.name}\``
    )
  }
  for (const pod of pods) {
    const reason = podFailure(pod, facts)
    if (reason !== undefined) return failed(reason)
  }
  for (const { message, reason, status, type } of deployment.status.conditions) {
    // No pod exists, so nothing else reports the refusal of a quota, a LimitRange or Pod Security.
    if (type === "ReplicaFailure" && status === "True") {
      return failed(`the cluster refuses its pods (${reason ?? "FailedCreate"}): ${clause(message)}`)
    }
    if (type === "Progressing" && status === "False") {
      return failed(`its rollout did not progress in time (${reason ?? "unknown"}): ${progressOf(facts)}`)
    }
  }
  return undefined
}

const podFailure = (pod: PodObject, facts: Facts): string | undefined => {
  const { conditions, containerStatuses, message, phase, reason } = pod.status
  const unscheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False")
  if (unscheduled?.reason === "Unschedulable") {
    const since = Date.parse(unscheduled.lastTransitionTime ?? pod.metadata.creationTimestamp ?? "")
    return facts.now - since >= facts.schedulingMillis
      ? `no node of the cluster can run its pod ${pod.metadata.name}: ${clause(unscheduled.message)}`
      : undefined
  }
  if (phase === "Failed" && containerStatuses.length === 0) {
    return `its pod ${pod.metadata.name} failed (${reason ?? "unknown"}): ${clause(message)}`
  }
  for (const status of containerStatuses) {
    const failure = containerFailure(pod, status, facts)
    if (failure !== undefined) return failure
  }
  return undefined
}

const pullReasons = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"])
const configReasons = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "PreStartHookError"
])

const containerFailure = (pod: PodObject, { lastState, restartCount, state }: ContainerStatus, facts: Facts) => {
  const { reason = "", message } = state.waiting ?? {}
  if (pullReasons.has(reason)) return `its image cannot be pulled (${reason}): ${pullReason(message, facts)}`
  if (configReasons.has(reason)) return `its pod ${pod.metadata.name} cannot start (${reason}): ${clause(message)}`
  const ended = state.terminated ?? (restartCount > 0 ? lastState.terminated : undefined)
  if (ended === undefined) return undefined
  const isLoop = reason === "CrashLoopBackOff" && restartCount >= crashLoopBound
  if (!facts.starting && !isLoop) return undefined
  const times = restartCount > 1 ? `, and the cluster restarted it ${restartCount} times` : ""
  const before = facts.starting ? ", before it was ready" : ""
  return `${exitOf(ended, facts)}${before}${times}`
}

/** The number of restarts by the cluster that makes a crash loop. */
const crashLoopBound = 3

/** Later messages only say that the kubelet waits; those of the events have the answer of the registry. */
const pullReason = (message: string | undefined, { pullMessages }: Facts): string => {
  const known = [message, ...pullMessages].filter((text): text is string => text !== undefined)
  return clause(known.find((text) => !text.startsWith("Back-off") || text.includes("ErrImagePull:")) ?? known[0])
}

const exitOf = (
  {
    exitCode,
    message,
    reason
  }: { readonly exitCode: number; readonly message?: string | undefined; readonly reason?: string | undefined },
  facts: Facts
) => {
  if (reason !== undefined && startReasons.has(reason))
    return `its program cannot start (${reason}): ${whyNotStarted(message)}`
  if (reason === "OOMKilled") {
    const limit = facts.memory === undefined ? "its memory" : `its ${facts.memory} of memory`
    return `it ran out of ${limit} (OOMKilled, exit code ${exitCode}; raise the setting memory)`
  }
  const meaning = meaningOfExit(exitCode) ?? meanings[exitCode]
  return `it ended with exit code ${exitCode}${meaning === undefined ? "" : ` (${meaning})`}`
}

/** The reasons of a runtime that could not start the program of a container. */
const startReasons = new Set(["StartError", "ContainerCannotRun"])

/** Words of the kernel, which every runtime passes on for a program of another architecture. */
const otherArchitecture = "exec format error"

const whyNotStarted = (message: string | undefined): string => {
  const why = clause(message)
  return why.includes(otherArchitecture)
    ? `${why}; its node has another architecture than its image: ask for nodes of that of the image with the setting nodeSelector, for example { "kubernetes.io/arch": "amd64" }`
    : why
}

const heap = "JavaScript's heap may have been full, raise the setting memory"

const meanings: Readonly<Record<number, string>> = { 134: heap, 137: "it was killed", 139: heap }

const progressOf = ({ deployment, pods }: Facts): string => {
  const { readyReplicas } = deployment.status
  const pending = pods.flatMap(({ metadata, status }) => {
    const [first] = status.containerStatuses
    const reason = first?.state.waiting?.reason ?? (first?.state.running === undefined ? status.phase : "not ready")
    return first?.ready === true ? [] : [`${metadata.name} ${reason ?? "Pending"}`]
  })
  return `${readyReplicas} of ${deployment.spec.replicas} pods are ready${pending.length === 0 ? "" : ` (${pending.join(", ")})`}`
}

const clause = (text: string | undefined): string => (text ?? "it gave no reason").trim().replace(/\.$/, "")
