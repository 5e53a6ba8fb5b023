// Requests of the page to the control API, in the session of this browser.

import { contentOf } from "../shared/polling.js"

/** The session, until a request is refused. */
export const session = { isOpen: true, ended: () => {} }

export const ask = async (path, init) => {
  const response = await fetch(`api/v1/${path}`, init)
  if (response.status === 401 && session.isOpen) {
    session.isOpen = false
    session.ended()
  }
  return response
}

export const read = async (path, init) => contentOf(await ask(path, init))

/** A change, with an id of its own. */
export const change = (path, payload) =>
  read(path, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify(payload)
  })

export const pathOf = (name, rest = "") => `deployments/${encodeURIComponent(name)}${rest}`
