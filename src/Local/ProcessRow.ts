/** The rows of the process table of this machine, and a way to read them. */

/**
 * A process, with an identity that later processes with the same number do not have.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProcessRef {
  readonly pid: number
  readonly identity: string
}

/** One row of the process table. */
export interface Row extends ProcessRef {
  /** Number of its process group. */
  readonly group: number
  /** True if it exited and its parent has not collected it yet. */
  readonly dead: boolean
}

/** One way to read the process table. Its functions are synchronous and throw when the table cannot be read. */
export interface Reader {
  /** The source of the table. */
  readonly name: string
  /** The prefix of every identity of this boot. */
  readonly epoch: () => string
  readonly one: (pid: number) => Row | undefined
  /** The rows of those processes that exist. */
  readonly some: (pids: ReadonlyArray<number>) => ReadonlyArray<Row>
  readonly all: () => ReadonlyArray<Row>
  /** True if the command line of a process ends with these arguments. */
  readonly endsWith: (row: Row, lastArguments: ReadonlyArray<string>) => boolean
}
