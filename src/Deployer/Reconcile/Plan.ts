/**
 * The decision of reconciling. Pure: the same facts give the same decision, and nothing is read or changed here.
 *
 * **Details**
 *
 * - An instance is removed only with a proof: another accepted generation in the registry, or a tombstone. An instance that
 *   the registry should have and does not is no orphan but evidence that the registry lost its rows (it is new, or restored
 *   from a backup); so is a deployment bound to another engine. With evidence nothing is touched.
 * - An operation of a living process is left alone.
 * - A deployment that could not be observed stays as it is.
 */
import type { Found } from "../../Flavor/Instance.js"
import { Action, type Decision } from "./Action.js"
import type { DeploymentFacts, Facts } from "./Facts.js"
import { recover } from "./Recovery.js"

/** Decides on facts. */
export const decide = (facts: Facts): Decision => {
  const evidence = mismatches(facts)
  if (evidence.length > 0) return { evidence, actions: [] }
  return {
    evidence,
    actions: [...facts.deployments.flatMap((deployment) => decideOne(facts, deployment)), ...orphans(facts)]
  }
}

// internal

const decideOne = (facts: Facts, deployment: DeploymentFacts): ReadonlyArray<Action> => {
  if (deployment.busy) {
    return deployment.operation === undefined
      ? []
      : [Action.Leave({ ...target(deployment), reason: `another process is running its ${deployment.operation.kind}` })]
  }
  if (deployment.operation !== undefined) {
    const { generation, kind } = deployment.operation
    const committed = (kind === "provision" || kind === "promote") && generation === deployment.generation
    return [Action.CloseOperation({ ...target(deployment), kind, generation, committed })]
  }
  if (deployment.generation === 0) return [Action.ForgetFirst(target(deployment))]
  return [...strays(facts, deployment), ...candidates(deployment), ...accepted(facts, deployment)]
}

const accepted = (facts: Facts, deployment: DeploymentFacts): ReadonlyArray<Action> => {
  const { desired, generation, seen, uncertain } = deployment
  if (seen === "unobservable") return uncertain ? [] : [Action.Record({ ...target(deployment), generation, seen })]
  if (desired === "stopped") {
    if (seen.status === "absent" || seen.status === "unknown") return recordIfNews(deployment)
    const reason = "the deployment was stopped"
    return [Action.RemoveStray({ ...target(deployment), generation, resource: "its instance", reason })]
  }
  const recovery = recover(facts.now, deployment)
  return recovery === undefined ? recordIfNews(deployment) : [...recordIfWorse(deployment), ...recovery]
}

/** The reason of a broken deployment stays: it says more than a later look at the leftovers. */
const recordIfWorse = (deployment: DeploymentFacts): ReadonlyArray<Action> =>
  deployment.status === "error" ? [] : recordIfNews(deployment)

const recordIfNews = (deployment: DeploymentFacts): ReadonlyArray<Action> => {
  const { generation, reason, seen, status, uncertain } = deployment
  if (seen === "unobservable") return []
  return seen.status !== status || seen.reason !== reason || uncertain
    ? [Action.Record({ ...target(deployment), generation, seen })]
    : []
}

/** A candidate that does not run would fail its share of the callers, so its canary ends. */
const candidates = (deployment: DeploymentFacts): ReadonlyArray<Action> => {
  const { candidate } = deployment
  if (candidate === undefined || candidate.seen === "unobservable") return []
  const { reason = "its instance does not exist", status } = candidate.seen
  if (status !== "absent" && status !== "error") return []
  return [Action.EndCanary({ ...target(deployment), generation: candidate.generation, reason })]
}

/** Instances of generations that have ended and are neither the accepted one nor a candidate. */
const strays = (facts: Facts, deployment: DeploymentFacts): ReadonlyArray<Action> =>
  ours(facts)
    .filter(({ deploymentId }) => deploymentId === deployment.id)
    .filter(({ generation }) => generation > 0 && generation <= deployment.highest)
    .filter(({ generation }) => generation !== deployment.generation)
    .filter(({ generation }) => generation !== deployment.candidate?.generation)
    .map(({ generation, resource }) =>
      Action.RemoveStray({
        ...target(deployment),
        generation,
        resource,
        reason: `generation ${generation} is not the accepted one (${deployment.generation})`
      })
    )
    .filter(onePerGeneration())

const onePerGeneration = () => {
  const seen = new Set<number>()
  return ({ generation }: { readonly generation: number }): boolean => {
    if (seen.has(generation)) return false
    seen.add(generation)
    return true
  }
}

const orphans = (facts: Facts): ReadonlyArray<Action> => {
  const { deployments, now, orphanGraceMillis, others, tombstones } = facts
  const known = new Set([...others, ...deployments.map(({ id }): string => id)])
  return tombstones.flatMap(({ deploymentId, name }): ReadonlyArray<Action> => {
    const left = ours(facts).filter((one) => one.deploymentId === deploymentId && !known.has(deploymentId))
    if (left.length === 0) return []
    const youngest = Math.max(...left.map(({ madeAt }) => madeAt ?? Number.NEGATIVE_INFINITY))
    return youngest + orphanGraceMillis > now
      ? [
          Action.Wait({
            id: deploymentId,
            name,
            until: youngest + orphanGraceMillis,
            reason: "its leftovers are less than a minute old"
          })
        ]
      : [Action.RemoveOrphan({ id: deploymentId, name, resources: left.map(({ resource }) => resource) })]
  })
}

/** One sentence for each fact that contradicts a complete registry and the right engine. */
const mismatches = (facts: Facts): ReadonlyArray<string> => {
  const byId = new Map(facts.deployments.map((deployment) => [deployment.id, deployment]))
  const deleted = new Map(facts.tombstones.map((tombstone) => [tombstone.deploymentId, tombstone]))
  const forgotten = found(facts)
    .filter(({ deploymentId }) => !facts.others.has(deploymentId))
    .flatMap((one) => {
      const deployment = byId.get(one.deploymentId)
      const highest = deployment?.highest ?? deleted.get(one.deploymentId)?.generation
      return forgottenBy(facts, one, highest) ?? []
    })
  return [...forgotten, ...elsewhere(facts)]
}

const forgottenBy = (facts: Facts, one: Found, highest: number | undefined): string | undefined => {
  if (one.registryId === undefined) return undefined
  if (one.registryId !== facts.registryId) {
    return one.atHome ? `${one.resource} was made for registry ${one.registryId}, not for this one` : undefined
  }
  if (highest === undefined) return `${one.resource} belongs to a deployment that this registry does not know`
  return one.generation > highest
    ? `${one.resource} is of generation ${one.generation}, and the last one in this registry is ${highest}`
    : undefined
}

const elsewhere = ({ deployments, inventory }: Facts): ReadonlyArray<string> => {
  const asked = inventory === "unobservable" ? undefined : inventory.engineId
  if (asked === undefined) return []
  return deployments
    .filter(({ desired, engineId, generation }) => generation > 0 && desired === "running" && engineId !== undefined)
    .filter(({ engineId }) => engineId !== asked)
    .map(({ engineId, name }) => `deployment "${name}" runs in engine ${engineId}, and this is engine ${asked}`)
}

/** Files without the id of a registry are in the home of this deployer. */
const ours = (facts: Facts): ReadonlyArray<Found> =>
  found(facts).filter(({ registryId }) => registryId === undefined || registryId === facts.registryId)

const found = ({ inventory }: Facts): ReadonlyArray<Found> => (inventory === "unobservable" ? [] : inventory.found)

const target = ({ id, name }: DeploymentFacts) => ({ id, name })
