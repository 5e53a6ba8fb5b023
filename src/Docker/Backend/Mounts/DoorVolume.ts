/** The volume that the doors and the instances of a deployment share: they meet at the sockets in it. */
import type { Mount } from "../../DockerClient.js"
import * as Labels from "../../Labels.js"
import { inside } from "./ContainerPaths.js"

/** The name of the volume. */
export const doorVolume = (deploymentId: string): string => Labels.volumeName(deploymentId, "door")

/** Its mount. */
export const doorMount = (deploymentId: string): Mount => ({
  type: "volume",
  source: doorVolume(deploymentId),
  target: inside.doorVolume,
  copy: false
})
