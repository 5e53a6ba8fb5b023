// Parts of the document by id, responses and failures of requests, and polling.

export const $ = (id) => document.getElementById(id)
export const say = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text
}

/** The JSON of a response, or an error with its status. */
export const contentOf = async (response) => {
  const body = response.status === 204 ? {} : await response.json().catch(() => ({}))
  if (response.ok) return body
  throw refusal(response, body.message)
}

/** The error for a response without the expected content. */
export const refusal = ({ status }, message) =>
  Object.assign(new Error(message ?? `The service answered ${status}.`), { status })
export const reason = (error) => (error.status === undefined ? "The service does not answer." : error.message)

const polls = []

/** Polls everything at once. */
export const refreshAll = () => {
  for (const tick of polls) tick()
}

/** Repeats work while the page is visible, less often while it is slow or fails. Returns the function that does it at once. */
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
