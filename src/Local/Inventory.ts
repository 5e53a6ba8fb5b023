/**
 * Finds everything the local flavor ever made in this home, whether the registry knows it or not.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Found, Inventory } from "../Deployer/Backend.js"
import { type AtHome, inHome } from "../Deployer/InstanceRecord.js"
import type { Home } from "../Home.js"

/**
 * What the home has of a deployer: every generation with files, and the folders of deployments. A folder whose owner was
 * never written down may be another flavor's; the registry knows.
 *
 * @param deployer its flavor and name
 *
 * @category finding
 * @since 0.1.0
 */
export const inventory = (deployer: {
  readonly flavor: string
  readonly name: string
}): Effect.Effect<Inventory, PlatformError, Home | FileSystem> =>
  Effect.map(inHome, (things) => ({
    engineId: undefined,
    found: things.filter((thing) => mayBeOf(thing, deployer)).map(toFound)
  }))

// internal

const mayBeOf = ({ record }: AtHome, { flavor, name }: { readonly flavor: string; readonly name: string }): boolean =>
  Option.match(record, {
    onNone: () => true,
    onSome: ({ deployer }) => deployer.flavor === flavor && deployer.name === name
  })

const toFound = ({ deploymentId, generation, record }: AtHome): Found => ({
  deploymentId,
  generation,
  registryId: Option.getOrUndefined(Option.map(record, ({ registryId }) => registryId)),
  atHome: true,
  resource:
    generation === 0
      ? `folder of deployment ${deploymentId}`
      : `process of deployment ${deploymentId}, generation ${generation}`,
  madeAt: undefined,
  record: Option.getOrUndefined(record)
})
