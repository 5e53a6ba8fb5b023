/** The time in which no instance takes connections. */
import { holdMillis } from "./patience.js"

export interface Outage {
  /** No instance takes a connection. */
  readonly begin: () => void
  /** An instance takes connections. */
  readonly end: () => void
  readonly isOn: () => boolean
  /** True when connections have waited long enough. */
  readonly isLong: () => boolean
}

export const make = (): Outage => {
  let since: number | undefined
  return {
    begin: () => {
      since ??= performance.now()
    },
    end: () => {
      since = undefined
    },
    isOn: () => since !== undefined,
    isLong: () => since !== undefined && performance.now() - since >= holdMillis
  }
}
