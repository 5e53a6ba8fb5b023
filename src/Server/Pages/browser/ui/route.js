// The deployment and the run that the address names: `#deployment/NAME` and `#deployment/NAME/run/ID`.

const parse = () => {
  const [, name, run] = /^#deployment\/([\w-]+)(?:\/run\/([\w-]+))?$/.exec(location.hash) ?? []
  return { name, run }
}

/** The present place. */
export const here = parse()

const listeners = []

/** Reacts to another place, with the one before. */
export const onPlace = (listener) => listeners.push(listener)

addEventListener("hashchange", () => {
  const before = { ...here }
  Object.assign(here, parse())
  for (const listener of listeners) listener(before)
})

export const runHash = (id) => `#deployment/${here.name}/run/${id}`
