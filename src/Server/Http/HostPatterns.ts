/** Names of hosts that settings list. */

/**
 * Makes the function that is true for a host that a list has.
 *
 * @param allowed names and patterns such as `*.example.com`
 */
export const make = (allowed: ReadonlyArray<string>): ((host: string) => boolean) => {
  const names = new Set(allowed.filter((it) => !it.startsWith("*.")).map((it) => it.toLowerCase()))
  const endings = allowed.filter((it) => it.startsWith("*.")).map((it) => it.slice(1).toLowerCase())
  return (host) => {
    const name = host.replace(/\.$/, "").toLowerCase()
    return names.has(name) || endings.some((ending) => name.length > ending.length && name.endsWith(ending))
  }
}
