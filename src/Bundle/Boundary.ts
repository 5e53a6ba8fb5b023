/** The boundary between a bundle and what travels beside it. A build learns of it, and the next build keeps to it. */
import * as NodePath from "node:path"
import { names } from "./Names.js"
import type { Project } from "./Project.js"

/** The boundary of one bundle. */
export interface Boundary {
  readonly project: Project
  /** The folder whose files have the same relative places in the bundle. */
  readonly root: () => string
  /** The path of a file in the bundle's folder, with `/`. A file above the root widens it for the next build. */
  readonly placeOf: (file: string) => string
  /** True for the folder of a package that stays a package. */
  readonly isOutside: (directory: string) => boolean
  /** True for the folder of a package that is a part of the serving runtime. */
  readonly isInside: (directory: string) => boolean
  /** Keeps a package inside, because the serving runtime has it. */
  readonly keepInside: (directory: string) => void
  /** Keeps a package outside from the next build on. */
  readonly keepOutside: (directory: string) => void
  /** Forgets that the last build was stale. */
  readonly begin: () => void
  /** True if a build learned something, so that it has to be repeated. */
  readonly isStale: () => boolean
}

/** The boundary of a project, with all packages inside. */
export const make = (project: Project): Boundary => {
  const outside = new Set<string>()
  const inside = new Set<string>()
  let root = project.workspace
  let stale = false
  return {
    project,
    root: () => root,
    placeOf: (file) => {
      if (!isBelow(root, file)) {
        root = commonFolder(root, NodePath.dirname(file))
        stale = true
      }
      return `${names.files}/${NodePath.relative(root, file)}`
    },
    isOutside: (directory) => outside.has(directory),
    isInside: (directory) => inside.has(directory),
    keepInside: (directory) => {
      inside.add(directory)
    },
    keepOutside: (directory) => {
      if (outside.has(directory)) return
      outside.add(directory)
      stale = true
    },
    begin: () => {
      stale = false
    },
    isStale: () => stale
  }
}

// internal

const isBelow = (folder: string, file: string): boolean =>
  file === folder || file.startsWith(folder === "/" ? folder : `${folder}/`)

const commonFolder = (one: string, other: string): string =>
  isBelow(one, other) ? one : commonFolder(NodePath.dirname(one), other)
