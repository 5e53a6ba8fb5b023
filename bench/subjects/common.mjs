// What the subjects share besides the work: the key, how a step runs, and how a subject process begins and ends.
import { timingSafeEqual } from "node:crypto"
import { bodyOf, payloads } from "./payloads.mjs"

/** The key every subject asks for. */
export const key = "bench-key-of-forty-three-letters-0123456789"

const accepted = Buffer.from(`Bearer ${key}`)

export const isAuthorized = (header) => {
  if (header === undefined || header.length !== accepted.length) return false
  return timingSafeEqual(Buffer.from(header, "latin1"), accepted)
}

/** Runs the two steps as people write them: two async functions, one after the other. */
export const perform = async ({ steps: [[, first], [, second]] }, parameters) => {
  const one = await first(parameters)
  const two = await second(one, parameters)
  return [one, two]
}

/** Says where the subject listens, and ends it with the process that started it. */
export const announce = (port) => {
  process.stdout.write(`${JSON.stringify({ port })}\n`)
  process.stdin.resume().once("end", () => process.exit(0))
}

/** `node subject.mjs PAYLOAD [DATABASE]` */
export const options = () => {
  const [payload = "small", database] = process.argv.slice(2)
  return { payload: payloads[payload], database }
}

export const callOf = ({ parameters }, authorization = `Bearer ${key}`) => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization },
  body: bodyOf(parameters)
})

/** The call of a pipeline with its parameters, for subjects that are no payload. */
export const jsonCall = (parameters, headers = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
  body: JSON.stringify({ parameters })
})
