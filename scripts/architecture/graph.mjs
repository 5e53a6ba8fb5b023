// Floors and necessary arrows of a graph: `Map` from a name to the `Set` of names it points to.

/** Every name that can be reached from a name, itself only when it lies on a circle. */
const reach = (arrows) => {
  const reached = new Map()
  for (const start of arrows.keys()) {
    const seen = new Set()
    const pending = [...arrows.get(start)]
    while (pending.length > 0) {
      const next = pending.pop()
      if (seen.has(next)) continue
      seen.add(next)
      pending.push(...(arrows.get(next) ?? []))
    }
    reached.set(start, seen)
  }
  return reached
}

/** Groups of names that reach each other; a name on no circle is a group of its own. Sorted. */
export const circlesOf = (arrows) => {
  const reached = reach(arrows)
  const names = [...arrows.keys()].sort()
  const groups = names.map((name) =>
    names.filter((other) => other === name || (reached.get(name).has(other) && reached.get(other).has(name)))
  )
  return [...new Map(groups.map((group) => [group.join(), group])).values()]
}

/** The floor of every name: one above the highest that it points to. Names of one circle share a floor. */
export const floorsOf = (arrows) => {
  const groups = circlesOf(arrows)
  const groupOf = new Map(groups.flatMap((group) => group.map((name) => [name, group])))
  const floors = new Map()
  const floorOf = (group) => {
    const key = group.join()
    if (floors.has(key)) return floors.get(key)
    const below = group.flatMap((name) => [...arrows.get(name)]).map((name) => groupOf.get(name))
    const floor = Math.max(-1, ...below.filter((other) => other !== group).map(floorOf)) + 1
    floors.set(key, floor)
    return floor
  }
  return new Map([...groupOf].map(([name, group]) => [name, floorOf(group)]))
}

/** The arrows that no chain of other arrows implies; those of a circle all stay. */
export const necessaryArrows = (arrows) => {
  const reached = reach(arrows)
  const isOnCircle = (from, to) => reached.get(to)?.has(from) === true
  return [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter(
        (to) =>
          isOnCircle(from, to) ||
          ![...targets].some((other) => other !== to && !isOnCircle(from, other) && reached.get(other)?.has(to))
      )
      .sort()
      .map((to) => [from, to])
  )
}
