/**
 * Several deployments whose outputs feed each other: planned together, deployed in the order of their references, all or
 * nothing.
 */
export { load } from "./Stack/ConfigFile.js"
export { type Member, make, type Stack } from "./Stack/Definition.js"
export {
  type DeployError,
  type Deployed,
  deploy,
  type Options,
  type Requirements,
  type Result
} from "./Stack/Deploy.js"
export { type PlanError, type PlannedMember, plan } from "./Stack/Plan.js"
