// Closed loop: every connection sends its next request when it has its answer. autocannon does the work.
import autocannon from "autocannon"
import { startCounting } from "./counting.mjs"

/** Counting stops before the load does. */
const tailMillis = 250

/**
 * A connection is left after so many requests. Servers may close one after a number of requests (ours says so after
 * 1,000, and Node answers 503 to what comes then); autocannon does not listen to that.
 */
const reconnectRate = 500

/** As fast as the connections get answers. */
export const runCannon = async ({ body, connections, headers, method, pid, seconds, url }) => {
  const settleMillis = 250 + connections
  const counting = startCounting({ pid, seconds, settleMillis })
  const duration = (settleMillis + tailMillis) / 1000 + seconds
  const instance = autocannon({ url, method, headers, body, connections, duration, reconnectRate, timeout: 30 })
  instance.on("response", (_client, status, _bytes, millis) => counting.count(status, millis))
  const { errors, timeouts } = await instance
  return { ...counting.result(), errors: errors + timeouts }
}

/** A number of requests, without measuring. */
export const sendMany = async ({ amount, body, connections, headers, method, url }) => {
  const load = { url, method, headers, body, connections, amount, reconnectRate, timeout: 30 }
  const { errors, non2xx, timeouts } = await autocannon(load)
  if (errors + timeouts + non2xx > 0) throw new Error(`${errors + timeouts} errors, ${non2xx} refusals at ${url}.`)
}
