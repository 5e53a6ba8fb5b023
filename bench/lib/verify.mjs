// A subject that answers wrongly is no subject: it fails the bench before anything is measured.
import { isDeepStrictEqual } from "node:util"
import Database from "better-sqlite3"
import { callOf } from "../subjects/common.mjs"
import { bodyOf } from "../subjects/payloads.mjs"

const post = async (url, call) => {
  const response = await fetch(`${url}/invoke`, { ...call, signal: AbortSignal.timeout(10_000) })
  const text = await response.text()
  return { status: response.status, text }
}

const demand = (name, what, { status, text }, isRight) => {
  if (!isRight) throw new Error(`${name} answers wrongly to ${what}: ${status} ${text.slice(0, 300)}`)
}

/** Asks with the right key, no key, a wrong key, an invalid body and one that is no JSON. */
export const verify = async (name, url, payload) => {
  const call = callOf(payload)
  const good = await post(url, call)
  const { outputs, success } = good.status === 200 ? JSON.parse(good.text) : {}
  demand(name, "a good request", good, success === true && isDeepStrictEqual(outputs, payload.outputs))
  const { authorization: _, ...keyless } = call.headers
  const unknown = await post(url, { ...call, headers: keyless })
  demand(name, "a request without a key", unknown, unknown.status === 401)
  const wrong = await post(url, callOf(payload, "Bearer wrong"))
  demand(name, "a request with a wrong key", wrong, wrong.status === 401)
  const invalid = await post(url, { ...call, body: bodyOf(payload.invalid) })
  demand(name, "an invalid body", invalid, invalid.status === 400)
  const broken = await post(url, { ...call, body: '{"parameters":' })
  demand(name, "a body that is no JSON", broken, broken.status === 400)
}

/** How many runs with both of their steps are in a database; `undefined` when the subject stores none. */
export const storedRuns = (file) => {
  const database = new Database(file, { readonly: true, fileMustExist: true })
  try {
    const { runs } = database.prepare("SELECT count(*) AS runs FROM runs WHERE status = 'succeeded'").get()
    const { steps } = database.prepare("SELECT count(*) AS steps FROM step_runs WHERE status = 'succeeded'").get()
    return steps === 2 * runs ? runs : Number.NaN
  } finally {
    database.close()
  }
}
