// The goals, all of them: what is compared with what, and the target. A goal says which section measures it and how its
// number is found in what that section answers; `undefined` means that it was not measured, and why is said.
import * as batched from "./sections/batched.mjs"
import * as cli from "./sections/cli.mjs"
import * as durable from "./sections/durable.mjs"
import * as health from "./sections/health.mjs"
import { compare, names } from "./sections/hot.mjs"
import * as postgres from "./sections/postgres.mjs"
import * as registry from "./sections/registry.mjs"
import * as stream from "./sections/stream.mjs"

const atLeast = (target) => ({ target, unit: "x", passes: (value) => value >= target, sign: ">=" })
const atMost = (target, unit) => ({ target, unit, passes: (value) => value <= target, sign: "<=" })

const invoke = ({ bound, connections, goal, payload, peer, subject }) =>
  connections.map((count) => ({
    goal: `${goal}, ${count} connection${count === 1 ? "" : "s"}`,
    section: "hot",
    subject: names[subject],
    peer: names[peer],
    ...bound,
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
    goal: "invoke, relaxed, against the same not recorded",
    payload: "small",
    connections: [1],
    subject: "oursRelaxed",
    peer: "ours",
    bound: atLeast(0.85)
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

const value = (number) => (number === undefined ? undefined : { value: number })

const startGoals = [
  ["start to first 200, more than empty", 100, "ms", ({ empty, ours }) => ours.millis - empty.millis],
  ["RSS when ready, more than empty", 30, "MB", ({ empty, ours }) => ours.ready - empty.ready],
  ["RSS after 100,000 requests, more than empty", 60, "MB", ({ empty, ours }) => ours.loaded - empty.loaded]
].map(([goal, target, unit, of]) => ({
  goal,
  section: "start",
  subject: names.oursDurable,
  peer: "empty node:http",
  ...atMost(target, unit),
  measured: (results) => value(of(results))
}))

const cliGoals = cli.subjects.map((subject) => ({
  goal: "start to exit, more than an empty process",
  section: "cli",
  subject,
  peer: cli.peer,
  ...atMost(250, "ms"),
  measured: (rows) => value(rows.find(({ name }) => name === subject)?.added)
}))

const bundleGoals = [
  ["bundle the weather example, warm", "-", atMost(0.4, "s"), ({ weather }) => weather.ours / 1000],
  ["bundle the weather example, warm", "esbuild alone", atMost(1, "x"), ({ weather }) => weather.ratio],
  ["bundle with 40 traced packages", "esbuild and @vercel/nft alone", atMost(3, "x"), ({ traced }) => traced.ratio]
].map(([goal, peer, bound, of]) => ({
  goal,
  section: "bundle",
  subject: "ours",
  peer,
  ...bound,
  measured: (results) => value(of(results))
}))

const overloadGoals = [
  ["goodput at 5 x the connections", "256 connections", atLeast(0.9), ({ fast }) => fast.goodput],
  ["goodput at 5 x the peak of a busy pipeline", "its peak", atLeast(0.9), ({ busy }) => busy.goodput],
  ["/health p99 at 5 x the connections", "-", atMost(100, "ms"), ({ fast }) => fast.healthP99],
  ["/health p99 at 5 x the peak of a busy pipeline", "-", atMost(100, "ms"), ({ busy }) => busy.healthP99],
  ["p99 at half saturation", "-", atMost(20, "ms"), ({ fast }) => fast.halfP99]
].map(([goal, peer, bound, of]) => ({
  goal,
  section: "overload",
  subject: names.oursDurable,
  peer,
  ...bound,
  measured: (results) => value(of(results))
}))

const healthGoals = health.situations.map((situation) => ({
  goal: "health p99",
  section: "health",
  subject: situation,
  peer: "-",
  ...atMost(100, "ms"),
  measured: (rows) => value(rows.find(({ name }) => name === situation)?.p99)
}))

const deployGoals = [
  ["provision Local to first 200", "bare spawn", "local", "provision"],
  ["provision Docker, image cached, without a door, to first 200", "bare docker run", "docker", "doorless"]
].map(([goal, peer, flavor, what]) => ({
  goal,
  section: "deploy",
  subject: "ours",
  peer,
  ...atMost(1.3, "x"),
  measured: (results) => value(results[flavor][what] / results[flavor].bare)
}))

const commandGoals = ["first", "redeploy"].map((what) => ({
  goal: `${what === "first" ? "first deploy" : "redeploy"} of the weather example, command to exit`,
  section: "deploy",
  subject: "deployers deploy --no-typecheck",
  peer: "a script by hand",
  ...atMost(1.2, "x"),
  measured: ({ command }) => value(command.find((row) => row.name === "untyped" && row.what === what)?.ratio)
}))

const storeGoals = [
  "list 50 deployments",
  "describe a deployment",
  "refresh a deployment",
  "first page of 50 runs",
  "page of 50 runs by status",
  "page of 50 runs after a cursor"
].map((name) => ({
  goal: `${name} of many`,
  section: "store",
  subject: "ours",
  peer: "the same of 100 rows",
  ...atMost(2, "x"),
  measured: (rows) => value(rows.find((row) => row.name === name)?.ratio)
}))

const registryGoals = registry.subjects.map((subject) => ({
  goal: "a command of 10,000 deployments",
  section: "registry",
  subject,
  peer: "the same of one",
  ...atMost(1.5, "x"),
  measured: (rows) => value(rows.find(({ name }) => name === subject)?.ratio)
}))

const soakGoals = [
  ["RSS slope at half load", 1, "MB/min", ({ slope }) => slope],
  ["errors at half load", 0, "errors", ({ errors }) => errors],
  ["descriptors more than before the load", 0, "descriptors", ({ descriptors: open }) => open.after - open.before]
].map(([goal, target, unit, of]) => ({
  goal,
  section: "soak",
  subject: names.oursDurable,
  peer: "-",
  ...atMost(target, unit),
  measured: (results) => value(of(results))
}))

const durableGoals = [1, 32].flatMap((connections) =>
  [
    ["byHand", 0.8],
    ["workflow", 2]
  ].map(([peer, target]) => ({
    goal: `ten durable steps, ${connections} connection${connections === 1 ? "" : "s"}`,
    section: "durable",
    subject: durable.names.ours,
    peer: durable.names[peer],
    ...atLeast(target),
    measured: (rows) => value(rows.find((row) => row.name === peer && row.connections === connections)?.ratio)
  }))
)

/** Goals of a section of rows: ours, which records nothing, over a peer that does not either. */
const rowGoals = (section, { names }, goal, connections, target) =>
  connections.map((count) => ({
    goal: `${goal}, ${count} connection${count === 1 ? "" : "s"}`,
    section,
    subject: names.ours,
    peer: names.fastify,
    ...atLeast(target),
    measured: (rows) => value(rows.find((row) => row.name === "fastify" && row.connections === count)?.ratio)
  }))

const streamGoals = rowGoals("stream", stream, "a hundred elements as lines", [1, 32], 0.5)

const batchedGoals = rowGoals("batched", batched, "runs that share calls of a model", [32, 256], 0.8)

const postgresGoals = [
  {
    goal: "invoke, on PostgreSQL, against a transaction for each request, 32 connections",
    section: "postgres",
    subject: postgres.names.ours,
    peer: postgres.names.fastify,
    ...atLeast(3),
    measured: (rows) => value(rows.find(({ connections, name }) => name === "fastify" && connections === 32)?.ratio)
  }
]

export const goals = [
  ...hotGoals,
  ...overloadGoals,
  ...healthGoals,
  ...startGoals,
  ...cliGoals,
  ...bundleGoals,
  ...deployGoals,
  ...commandGoals,
  ...registryGoals,
  ...storeGoals,
  ...durableGoals,
  ...streamGoals,
  ...batchedGoals,
  ...postgresGoals,
  ...soakGoals
]

/** Every goal of the sections that ran, with its number. What was not measured does not pass, and says why. */
export const judge = (results) =>
  goals
    .filter(({ section }) => results[section] !== undefined)
    .map(({ goal, measured, passes, peer, section, sign, subject, target, unit }) => {
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
        ...(isMeasured ? {} : { note: "not measured in this run" })
      }
    })
