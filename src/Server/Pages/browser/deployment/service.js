// How the page asks its service, with the key where one is needed, and again and again where something changes.

export const { paths, keyed, recording } = JSON.parse(document.body.dataset.page)
export const $ = (id) => document.getElementById(id)
export const say = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text
}

/** What others have to do: when a key is refused or needed, and when a run began or ended. */
export const when = { refused: () => {}, changed: () => {} }

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

/** Whether an endpoint asks for the key, and there is none. */
export const locked = (name) => key === "" && keyed.includes(name)

export const ask = async (name, { path = paths[name], headers, ...init } = {}) => {
  const used = key
  const authorization = keyed.includes(name) && used !== "" ? { authorization: `Bearer ${used}` } : {}
  const response = await fetch(path, { ...init, headers: { ...headers, ...authorization } })
  if (response.status === 401 && key === used) when.refused("The key is not accepted.")
  return response
}

/** The error of an answer that is none. */
export const refusal = ({ status }, message) =>
  Object.assign(new Error(message ?? `The answer was ${status}.`), { status })

/** The JSON of an answer, or an error with its status. */
export const read = async (name, init) => {
  const response = await ask(name, init)
  const body = await response.json().catch(() => ({}))
  if (response.ok) return body
  throw refusal(response, body.message)
}
export const reason = (error) => (error.status === undefined ? "The service does not answer." : error.message)

const polls = []

/** Asks everything again, now. */
export const refreshAll = () => {
  for (const tick of polls) tick()
}

/** Repeats work while the page is seen, less often where it takes long or fails. Answers how to do it at once. */
export const poll = (work, every, said) => {
  let wait = every
  let timer
  let isBusy = false
  let again = false
  const tick = async () => {
    clearTimeout(timer)
    again = isBusy
    if (isBusy || document.hidden) return
    isBusy = true
    const from = performance.now()
    try {
      await work()
      wait = Math.max(every, 5 * (performance.now() - from))
    } catch (error) {
      wait = Math.min(2 * wait, 60000)
      again ||= error.status === 401
      if (said) say(said, `${reason(error)} Asking again in ${Math.round(wait / 1000)} s.`)
    }
    isBusy = false
    if (again) tick()
    else timer = setTimeout(tick, wait)
  }
  document.addEventListener("visibilitychange", tick)
  polls.push(tick)
  tick()
  return tick
}
