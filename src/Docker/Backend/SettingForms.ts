/** Resolves the short and deprecated forms of the settings of a container. */
import type { Base, ImageSettings } from "../../Containerized/ImageSettings.js"
import { bytesOf } from "../../Settings/Size.js"
import type { DockerSettings } from "../Settings.js"

/** The memory of a container in bytes. */
export const memoryBytesOf = ({ memory, memoryBytes }: Pick<DockerSettings, "memory" | "memoryBytes">): number =>
  memoryBytes ?? bytesOf(memory)

/** The settings that decide about the image. */
export type SettingsOfImage = Pick<DockerSettings, "base" | "fonts" | "image" | "shell" | "imageRepository">

/** The settings of the image, with the short forms. */
export const imageSettingsOf = ({
  base,
  fonts,
  image,
  shell
}: Omit<SettingsOfImage, "imageRepository">): ImageSettings => ({
  ...image,
  ...(base === undefined ? {} : { base: baseOf(base) }),
  ...(fonts === undefined ? {} : { fonts }),
  ...(shell === undefined ? {} : { shell })
})

const baseOf = (base: NonNullable<DockerSettings["base"]>): Base =>
  base === "host" ? { _tag: "host" } : { _tag: "image", reference: base, node: "node" }
