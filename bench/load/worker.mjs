// The load generator: a process of its own that runs one job after the other. It shares the machine's cores with whom it
// asks.
import { runCannon, sendMany } from "./cannon.mjs"
import { runClosed } from "./closed.mjs"
import { runPaced } from "./paced.mjs"

const perform = (job) => {
  if (job.amount !== undefined) return sendMany(job)
  if (job.rate !== undefined) return runPaced(job)
  return job.isLean ? runClosed(job) : runCannon(job)
}

process.on("message", ({ id, job }) => {
  perform(job).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, error: error.message })
  )
})
process.once("disconnect", () => process.exit(0))
