// Everything the bench starts or writes is taken back when it ends, whatever ends it.

const cleanups = new Set()

/** Registers what takes something back; answers a function that does it now, once. */
export const onEnd = (cleanup) => {
  cleanups.add(cleanup)
  return async () => {
    if (cleanups.delete(cleanup)) await cleanup()
  }
}

/** Takes everything back, the newest first. */
export const endAll = async () => {
  for (const cleanup of [...cleanups].reverse()) {
    cleanups.delete(cleanup)
    await Promise.resolve()
      .then(cleanup)
      .catch((error) => process.stderr.write(`cleaning up: ${error.message}\n`))
  }
}

/** Runs a program that may be interrupted, and answers the exit code: 130 when it was, 1 when it failed. */
export const withCleanup = async (program) => {
  const interrupted = new Promise((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => reject(new Interrupted(`${signal} came.`)))
    // Nobody reads any more (`| head`): still clean up.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", reject)
  })
  try {
    return await Promise.race([program(), interrupted])
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    return error instanceof Interrupted ? 130 : 1
  } finally {
    await endAll()
  }
}

class Interrupted extends Error {}
