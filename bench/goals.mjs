// The goals, all of them: what is compared with what, and the target. A goal says which section measures it and how its
// number is found in what that section answers; `undefined` means that it was not measured, and why is said.
import { compare, names } from "./sections/hot.mjs"

const atLeast = (target) => ({ target, unit: "x", passes: (value) => value >= target, sign: ">=" })
const atMost = (target, unit) => ({ target, unit, passes: (value) => value <= target, sign: "<=" })

const noSwitch = "there is no setting that turns recording off"

const invoke = ({ bound, connections, goal, payload, peer, subject }) =>
  connections.map((count) => ({
    goal: `${goal}, ${count} connection${count === 1 ? "" : "s"}`,
    section: "hot",
    subject: names[subject],
    peer: names[peer],
    ...bound,
    ...(subject === "ours" ? { missing: noSwitch } : {}),
    measured: (samples) => {
      const found = compare(samples, { connections: count, payload, peer, subject })
      return found === undefined ? undefined : { value: found.ratio, cpuRatio: found.cpuRatio }
    }
  }))

export const hotGoals = [
  ...invoke({
    goal: "invoke, not recorded",
    payload: "small",
    connections: [32, 256],
    subject: "ours",
    peer: "fastify",
    bound: atLeast(0.85)
  }),
  ...invoke({
    goal: "invoke, not recorded, medium payload",
    payload: "medium",
    connections: [32, 256],
    subject: "ours",
    peer: "fastify",
    bound: atLeast(0.8)
  }),
  ...invoke({
    goal: "invoke, durable, against the same work not recorded",
    payload: "small",
    connections: [32, 256],
    subject: "oursDurable",
    peer: "fastify",
    bound: atLeast(0.6)
  }),
  ...invoke({
    goal: "invoke, durable, against a transaction for each request",
    payload: "small",
    connections: [32, 256],
    subject: "oursDurable",
    peer: "fastifyDurable",
    bound: atLeast(5)
  }),
  ...invoke({
    goal: "invoke, durable, against a transaction for each request",
    payload: "small",
    connections: [1],
    subject: "oursDurable",
    peer: "fastifyDurable",
    bound: atLeast(0.85)
  }),
  ...invoke({
    goal: "invoke, durable, against HttpApi and @effect/sql",
    payload: "small",
    connections: [32, 256],
    subject: "oursDurable",
    peer: "httpapiDurable",
    bound: atLeast(12)
  }),
  {
    goal: "added p50 latency, durable, 1 connection",
    section: "hot",
    subject: names.oursDurable,
    peer: names.node,
    ...atMost(1, "ms"),
    measured: (samples) => {
      const found = compare(samples, { connections: 1, payload: "small", peer: "node", subject: "oursDurable" })
      return found === undefined ? undefined : { value: found.added }
    }
  }
]

export const goals = [...hotGoals]

/** Every goal of the sections that ran, with its number. What was not measured does not pass, and says why. */
export const judge = (results) =>
  goals
    .filter(({ section }) => results[section] !== undefined)
    .map(({ goal, measured, missing, passes, peer, section, sign, subject, target, unit }) => {
      const found = measured(results[section])
      const isMeasured = found?.value !== undefined && !Number.isNaN(found.value)
      return {
        goal,
        subject,
        peer,
        ratio: isMeasured ? found.value : null,
        target,
        pass: isMeasured && passes(found.value),
        unit,
        sign,
        section,
        ...(found?.cpuRatio === undefined ? {} : { cpuRatio: found.cpuRatio }),
        ...(isMeasured ? {} : { note: missing ?? "not measured in this run" })
      }
    })
