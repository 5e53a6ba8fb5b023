/** The doors of deployments in the engine that runs nothing. */
import * as Option from "effect/Option"
import { generationIn, stateFile } from "../../Docker/Backend/DoorContainer.js"
import * as Labels from "../../Docker/Labels.js"
import { textOf } from "./Archives.js"
import type { FakeContainer, FakeVolume } from "./Model.js"

/**
 * True for the container of a door.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isDoor = ({ labels }: Pick<FakeContainer, "labels">): boolean =>
  labels[Labels.keys.role] === Labels.doorRole[Labels.keys.role]

/**
 * The container that gets the connections of a container's port: itself, or the instance to which a running door leads.
 * `undefined` if no container gets them.
 *
 * @category accessors
 * @since 0.2.0
 */
export const servantOf = (
  engine: {
    readonly containers: ReadonlyMap<string, FakeContainer>
    readonly volumes: ReadonlyMap<string, FakeVolume>
  },
  container: FakeContainer
): FakeContainer | undefined => {
  if (!isDoor(container)) return container
  if (container.status !== "running") return undefined
  const deploymentId = container.labels[Labels.keys.deployment] ?? ""
  const files = engine.volumes.get(Labels.volumeName(deploymentId, "door"))?.files ?? new Map()
  const contents = new Map(Array.from(files, ([path, { content }]) => [path, content]))
  return Option.match(generationIn(textOf(contents, stateFile(0).path.slice(1))), {
    onNone: () => undefined,
    onSome: (generation) => {
      const name = Labels.containerName({ deploymentId, generation })
      return Array.from(engine.containers.values()).find((one) => one.name === name)
    }
  })
}
