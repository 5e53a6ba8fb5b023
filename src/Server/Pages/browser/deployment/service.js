// Requests of the page to its service, with the key where an endpoint needs it.

import { contentOf, reason, say } from "../shared/polling.js"

export { $, poll, reason, refreshAll, refusal, say } from "../shared/polling.js"

export const {
  paths,
  keyed,
  recording,
  about = {},
  /** The paths of the pipelines of a group, by name. */
  members: invokePaths = {},
  /** The endpoints that a share link permits. */
  shared = []
} = JSON.parse(document.body.dataset.page)

/** The reactions of other modules: to a key that is refused or needed, and to a run that starts or ends. */
export const when = { refused: () => {}, changed: () => {}, alsoChanged: [] }

const slot = `key of ${paths.root}`
const kept = (use) => {
  try {
    return use(sessionStorage)
  } catch {}
}
export let key = kept((storage) => storage.getItem(slot)) ?? ""
export const setKey = (value) => {
  key = value
  kept((storage) => (value === "" ? storage.removeItem(slot) : storage.setItem(slot, value)))
}

/** The claims of a key that is the token of a share link. */
const claimsOf = (token) => {
  try {
    return JSON.parse(atob(/^share1\.([\w-]+)\./.exec(token)[1].replaceAll("-", "+").replaceAll("_", "/")))
  } catch {}
}

// The token of a link leaves the address at once, so that no history, bookmark or copied address has it.
const given = /^#share=([\w.-]+)$/.exec(location.hash)?.[1]
if (given) {
  setKey(given)
  const { runId } = claimsOf(given) ?? {}
  history.replaceState(null, "", `${location.pathname}${location.search}${runId ? `#run/${runId}` : ""}`)
}

addEventListener("hashchange", () => location.hash.startsWith("#share=") && location.reload())

/** The link by which the reader came; its page has no part that the link does not permit. */
export const link = claimsOf(key)
if (link) for (const name of Object.keys(paths)) if (!shared.includes(name)) delete paths[name]

/** True for an endpoint that needs the key while the page has none. */
export const locked = (name) => key === "" && keyed.includes(name)

export const ask = async (name, { path = paths[name], headers, ...init } = {}) => {
  const used = key
  const authorization = keyed.includes(name) && used !== "" ? { authorization: `Bearer ${used}` } : {}
  const response = await fetch(path, { ...init, headers: { ...headers, ...authorization } })
  if (response.status === 401 && key === used)
    when.refused(link ? "The link has expired or was revoked." : "The key is not accepted.")
  return response
}

export const read = async (name, init) => contentOf(await ask(name, init))

/** A change by a button: its failure is said at the head of the page. */
export const change = async (name, path, init = {}) => {
  say("notice", "")
  try {
    return await read(name, { path, method: "POST", ...init })
  } catch (error) {
    say("notice", `The change was not made. ${reason(error)}`)
  } finally {
    when.changed()
  }
}
