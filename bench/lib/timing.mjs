// How long something takes until it answers.
import { createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

const patience = 30_000

/** Asks until the answer is 200; resolves the time of that answer. */
export const until200 = async (url, call) => {
  const deadline = performance.now() + patience
  for (;;) {
    const status = await fetch(url, { ...call, signal: AbortSignal.timeout(patience) }).then(
      async (response) => {
        await response.arrayBuffer()
        return response.status
      },
      () => 0
    )
    const now = performance.now()
    if (status === 200) return now
    if (now > deadline) throw new Error(`${url} did not answer 200 in time; its last status was ${status}.`)
    await sleep(3)
  }
}

/** The waits that the settings ask for: a new version has to stay healthy, and an old one serves on. */
export const waits = { first: 1_000, redeploy: 2_000 }

/** The time of a deploy until its first 200, without a wait that its settings ask for. */
export const timeDeploy = async (deploy, call, wait) => {
  const begun = performance.now()
  const subject = await deploy()
  return { millis: (await until200(`${subject.url}/invoke`, call)) - begun - wait, subject }
}

export const timed = async (effect) => {
  const begun = performance.now()
  const value = await effect()
  return { millis: performance.now() - begun, value }
}

/** A port nobody listens on at the moment. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
