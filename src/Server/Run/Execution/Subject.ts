/** The pipeline that a run executes: the one of the service, or in a group the member that its parameters name. */
import * as Predicate from "effect/Predicate"
import type { Member } from "../../../Pipeline/App.js"
import { isElements } from "../../../Pipeline/Elements.js"
import type * as Pipeline from "../../../Pipeline.js"

/** The parts of a pipeline that its runs depend on. */
export interface Subject {
  readonly name: string
  /** True if its outputs are elements. */
  readonly streams: boolean
  readonly callers: Pipeline.CallerLimits | undefined
}

/** The pipelines of a service. */
export interface Subjects {
  /** The one that runs with some parameters. */
  readonly of: (parameters: unknown) => Subject
  readonly all: ReadonlyArray<Subject>
  /** The one of the service itself. */
  readonly own: Subject
}

/** Finds the pipelines of a service once. */
export const make = (pipeline: Pick<Pipeline.Any, "app" | "callers" | "name" | "output">): Subjects => {
  const own = subjectOf(pipeline)
  const members = new Map(membersOf(pipeline).map(({ pipeline }) => [pipeline.name, subjectOf(pipeline)] as const))
  if (members.size === 0) return { of: () => own, all: [own], own }
  return {
    of: (parameters) =>
      (Predicate.hasProperty(parameters, "pipeline") && Predicate.isString(parameters.pipeline)
        ? members.get(parameters.pipeline)
        : undefined) ?? own,
    all: [...members.values()],
    own
  }
}

/** The members of a group; none of any other pipeline. */
export const membersOf = ({ app }: Pick<Pipeline.Any, "app">): ReadonlyArray<Member> =>
  app?.parts.flatMap((part) => (part._tag === "Member" ? [part] : [])) ?? []

// internal

const subjectOf = ({
  callers,
  name,
  output
}: Member["pipeline"] | Pick<Pipeline.Any, "callers" | "name" | "output">) => ({
  name,
  streams: isElements(output),
  callers
})
