// Closed loop over bare sockets: with very many connections autocannon itself has more to do than the server.
import { startCounting } from "./counting.mjs"
import { openPool, requestOf } from "./lines.mjs"

/** Each connection sends its next request when it has its answer. */
export const runClosed = (job) => {
  const { connections, pid, seconds, url } = job
  const settleMillis = 250 + connections
  const counting = startCounting({ pid, seconds, settleMillis })
  return new Promise((resolve) => {
    let errors = 0
    const pool = openPool({
      connections,
      request: requestOf(job),
      url,
      onAnswer: (status, millis) => {
        counting.count(status, millis)
        if (counting.hasEnded()) {
          pool.close()
          resolve({ ...counting.result(), errors })
        } else queueMicrotask(() => pool.ask(performance.now()))
      },
      onError: () => {
        if (!counting.hasEnded()) errors++
      }
    })
    for (let line = 0; line < connections; line++) pool.ask(performance.now())
  })
}
