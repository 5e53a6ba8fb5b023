// Closed loop over bare sockets: with very many connections autocannon itself has more to do than the server.
import { setTimeout as sleep } from "node:timers/promises"
import { startCounting } from "./counting.mjs"
import { openPool, requestOf } from "./lines.mjs"

/** Each connection sends its next request when it has its answer. */
export const runClosed = async (job) => {
  const { connections, pid, seconds, url } = job
  const counting = startCounting({ pid, seconds, settleMillis: 250 + connections })
  let errors = 0
  const pool = openPool({
    connections,
    request: requestOf(job),
    url,
    onAnswer: (status, millis) => {
      counting.count(status, millis)
      // Its connection is free once this has returned.
      if (!counting.hasEnded()) queueMicrotask(() => pool.ask(performance.now()))
    },
    onError: () => {
      if (!counting.hasEnded()) errors++
    }
  })
  for (let line = 0; line < connections; line++) pool.ask(performance.now())
  while (!counting.hasEnded()) await sleep(10)
  pool.close()
  return { ...counting.result(), errors }
}
