/** The text about an error. */
export interface Guide {
  /** The reasons for which the error occurs. */
  readonly cause: string
  /** The next step of the reader. */
  readonly remedy: string
}
