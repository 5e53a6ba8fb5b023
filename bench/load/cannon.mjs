// Closed loop: every connection sends its next request when it has its answer. autocannon does the work.
import autocannon from "autocannon"
import { startCounting } from "./counting.mjs"

/** Counting stops before the load does. */
const tailMillis = 250

/** As fast as the connections get answers. */
export const runCannon = async ({ body, connections, headers, method, pid, seconds, url }) => {
  const settleMillis = 250 + connections
  const counting = startCounting({ pid, seconds, settleMillis })
  const duration = (settleMillis + tailMillis) / 1000 + seconds
  const instance = autocannon({ url, method, headers, body, connections, duration, timeout: 30 })
  instance.on("response", (_client, status, _bytes, millis) => counting.count(status, millis))
  const { errors, timeouts } = await instance
  return { ...counting.result(), errors: errors + timeouts }
}

/** A number of requests, without measuring. */
export const sendMany = async ({ amount, body, connections, headers, method, url }) => {
  const load = { url, method, headers, body, connections, amount, timeout: 30 }
  const { errors, non2xx, timeouts } = await autocannon(load)
  if (errors + timeouts + non2xx > 0) throw new Error(`${errors + timeouts} errors, ${non2xx} refusals at ${url}.`)
}
