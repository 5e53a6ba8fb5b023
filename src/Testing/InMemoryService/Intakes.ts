/** The intakes of deployments, in place of the files that services read. */
import type { Intake } from "../../Deployment/Intake.js"
import type { Source } from "../../Server/Run/Intake.js"

export interface Intakes {
  /** Changes the intake of a deployment, which its services notice at once. */
  readonly set: (deploymentId: string, intake: Intake | undefined) => void
  /** The intake of a deployment; none if it accepts runs. */
  readonly of: (deploymentId: string) => Intake | undefined
  /** The source of a service of the deployment. */
  readonly sourceOf: (deploymentId: string) => Source
}

export const make = (): Intakes => {
  const intakes = new Map<string, Intake>()
  const watching = new Map<string, Set<() => void>>()
  return {
    of: (deploymentId) => intakes.get(deploymentId),
    set: (deploymentId, intake) => {
      if (intake === undefined) intakes.delete(deploymentId)
      else intakes.set(deploymentId, intake)
      for (const look of watching.get(deploymentId) ?? []) look()
    },
    sourceOf: (deploymentId) => {
      let seen: Intake | undefined
      return {
        changed: () => {
          const contents = intakes.get(deploymentId)
          if (contents === seen) return undefined
          seen = contents
          return { contents }
        },
        watch: (look) => {
          const looks = watching.get(deploymentId) ?? new Set()
          watching.set(deploymentId, looks.add(look))
          return () => looks.delete(look)
        }
      }
    }
  }
}
