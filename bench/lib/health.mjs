// Health checks while something else happens.
import { setTimeout as sleep } from "node:timers/promises"
import { quantile } from "./statistics.mjs"

const betweenMillis = 25

/** Asks for the health of a service until the function that it returns is called, which resolves the times in milliseconds. */
const watch = (url, path) => {
  const times = []
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const begun = performance.now()
      const { status } = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(30_000) }).catch(() => ({
        status: 0
      }))
      times.push(status === 200 ? performance.now() - begun : Number.POSITIVE_INFINITY)
      await sleep(betweenMillis)
    }
  })()
  return async () => {
    isOver = true
    await watching
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), asked: times.length }
  }
}

/** The result of some work, and the times of the health checks meanwhile. */
export const during = async (url, work, path = "/health") => {
  const end = watch(new URL(url).origin, path)
  const result = await work()
  return { result, health: await end() }
}
