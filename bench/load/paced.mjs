// Open loop: requests come at their time, whatever became of the earlier ones, and are timed from when they were due.
// autocannon sends what a rate allows for a second at once, so this has its own connections.
import { setTimeout as sleep } from "node:timers/promises"
import { startCounting } from "./counting.mjs"
import { openPool, requestOf } from "./lines.mjs"

const settleMillis = 1_000

/** So many requests a second, over at most so many connections. */
export const runPaced = async (job) => {
  const { connections, pid, rate, seconds, url } = job
  const counting = startCounting({ pid, seconds, settleMillis })
  let errors = 0
  const onError = () => {
    if (!counting.hasEnded()) errors++
  }
  const pool = openPool({ connections, onAnswer: counting.count, onError, request: requestOf(job), url })
  const begun = performance.now()
  for (let sent = 0; !counting.hasEnded(); await sleep(1)) {
    const due = ((performance.now() - begun) / 1000) * rate
    for (; sent < due; sent++) pool.ask(begun + (sent * 1000) / rate)
  }
  pool.close()
  return { ...counting.result(), errors }
}
