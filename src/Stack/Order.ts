/** The order of the deployments of a stack. */
import * as Either from "effect/Either"
import { StackCycle } from "../Errors/Stacks.js"

interface Node {
  readonly key: string
  readonly dependencies: ReadonlyArray<string>
}

/** The nodes, each after its dependencies, otherwise in their own order. */
export const inOrder = <N extends Node>(nodes: ReadonlyArray<N>): Either.Either<ReadonlyArray<N>, StackCycle> => {
  const cycle = nodes.map((node) => cycleFrom(nodes, node, [])).find((path) => path !== undefined)
  if (cycle !== undefined) return Either.left(new StackCycle({ cycle }))
  return Either.right(Array.from(new Set(nodes.flatMap((node) => withDependencies(nodes, node)))))
}

/** A node after everything that it depends on. There is no cycle. */
export const withDependencies = <N extends Node>(nodes: ReadonlyArray<N>, node: N): ReadonlyArray<N> => [
  ...nodes.filter(({ key }) => node.dependencies.includes(key)).flatMap((one) => withDependencies(nodes, one)),
  node
]

// internal

const cycleFrom = <N extends Node>(
  nodes: ReadonlyArray<N>,
  { dependencies, key }: N,
  path: ReadonlyArray<string>
): ReadonlyArray<string> | undefined => {
  const start = path.indexOf(key)
  if (start !== -1) return [...path.slice(start), key]
  for (const next of nodes) {
    const cycle = dependencies.includes(next.key) ? cycleFrom(nodes, next, [...path, key]) : undefined
    if (cycle !== undefined) return cycle
  }
  return undefined
}
