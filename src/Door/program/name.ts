/** The instances behind a name: a swarm resolves it to the tasks that pass their health check, and to no other. */
import { resolve4 } from "node:dns"
import { periodMillis } from "./patience.js"

/** An instance. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** The name and the port in `tcp:NAME:PORT`; `undefined` for any other text. */
export const of = (text: string): { readonly name: string; readonly port: number } | undefined => {
  const [, name, port] = /^tcp:([^:]+):(\d+)$/.exec(text) ?? []
  return name === undefined ? undefined : { name, port: Number(port) }
}

/** The instances in turn; `undefined` while there is none. */
export const follow = (text: string): (() => Place | undefined) => {
  const { name = "", port = 0 } = of(text) ?? {}
  let hosts: ReadonlyArray<string> = []
  let turn = 0
  const look = (): void => {
    resolve4(name, (error, found) => {
      // A failed look may be that of the resolver, which knows nothing of the instances.
      if (error === null) hosts = found
      else if (error.code === "ENOTFOUND" || error.code === "ENODATA") hosts = []
      setTimeout(look, periodMillis)
    })
  }
  look()
  return () => {
    turn += 1
    const host = hosts[turn % Math.max(1, hosts.length)]
    return host === undefined ? undefined : { host, port }
  }
}
