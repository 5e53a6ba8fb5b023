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

/** Runs a program that may be interrupted; the exit code is 130 then. */
export const withCleanup = async (program) => {
  const interrupted = Promise.withResolvers?.() ?? withResolvers()
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => interrupted.reject(new Error(`${signal} came.`)))
  try {
    return await Promise.race([program(), interrupted.promise])
  } finally {
    await endAll()
  }
}

const withResolvers = () => {
  const all = {}
  all.promise = new Promise((_, reject) => {
    all.reject = reject
  })
  return all
}
