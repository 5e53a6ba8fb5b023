// Deploying against doing the least by hand: a bare spawn of the same bundle, a bare `docker run` of the same image, and a
// script that bundles and starts a service.
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { prepareBare, recipeOf, typedByHand } from "../lib/bare.mjs"
import * as byCommand from "../lib/by-command.mjs"
import { measureDocker } from "../lib/docker.mjs"
import { openHome, pipelineFile } from "../lib/ours.mjs"
import { median } from "../lib/statistics.mjs"
import { show, table } from "../lib/table.mjs"
import { timeDeploy, until200, waits } from "../lib/timing.mjs"
import { callOf } from "../subjects/common.mjs"
import { payloads } from "../subjects/payloads.mjs"

const call = callOf(payloads.small)

/** A pipeline file of which every version is another bundle. */
export const changing = (folder) => {
  const file = join(folder, "changing.ts")
  let version = 0
  return async () => {
    const schemas = JSON.stringify(fileURLToPath(new URL("../pipelines/small-schemas.ts", import.meta.url)))
    const source = [
      'import { Effect } from "effect"',
      'import { Pipeline } from "effect-deployers"',
      `import { Input, Output } from ${schemas}`,
      'export const changing = Pipeline.make("changing", {',
      "  input: Input,",
      "  output: Output,",
      `  run: ({ name }) => Effect.succeed({ greeting: name, length: ${++version} })`,
      "})"
    ]
    await writeFile(file, `${source.join("\n")}\n`)
    return file
  }
}

const timeBare = async (data, recipe) => {
  const bare = await prepareBare(data, recipe)
  const begun = performance.now()
  const { stop } = bare.start()
  const millis = (await until200(`${bare.url}/invoke`, call)) - begun
  await stop()
  return millis
}

const measureLocal = async ({ data, folder, rounds, say }) => {
  const home = openHome(join(data, "home-deploy"))
  const first = await home.deploy(pipelineFile("small"), "first")
  const snapshot = await home.snapshot(pipelineFile("small"))
  const recipe = recipeOf(first)
  await first.stop()
  const change = changing(folder)
  const times = { bare: [], cached: [], provision: [], redeploy: [] }
  await home.deploy(await change(), "changing")
  for (let round = 0; round <= rounds; round++) {
    say(`deploy: local, round ${round} of ${rounds}`)
    const bare = await timeBare(data, typedByHand(recipe))
    const cached = await timeBare(data, recipe)
    const provision = await timeDeploy(() => home.provision(snapshot, `round-${round}`), call, waits.first)
    await provision.subject.stop()
    const file = await change()
    const redeploy = await timeDeploy(() => home.deploy(file, "changing"), call, waits.redeploy)
    if (round === 0) continue
    times.bare.push(bare)
    times.cached.push(cached)
    times.provision.push(provision.millis)
    times.redeploy.push(redeploy.millis)
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]))
}

export const measure = async (context) => {
  const rounds = context.quick ? context.rounds : context.rounds * 2 - 1
  const command = await byCommand.measure({ ...context, rounds })
  const local = await measureLocal({ ...context, rounds })
  const docker = await measureDocker({ ...context, rounds, change: changing(context.folder) }).catch((error) => ({
    error: error.message
  }))
  return { command, local, docker }
}

const rows = (flavor, by, { bare, cached, doorless, provision, redeploy }) =>
  [
    [by, bare],
    ["the same with its code cache", cached],
    [`${flavor}: provision a snapshot`, provision],
    ...(doorless === undefined ? [] : [[`${flavor}: provision a snapshot without a door`, doorless]]),
    [`${flavor}: deploy a changed file over the old one`, redeploy]
  ].map(([what, millis]) => [what, show(millis), show(millis / bare), show(millis / cached)])

const commands = { script: "a script by hand", typed: "deployers deploy", untyped: "deployers deploy --no-typecheck" }

const reportCommands = (rows) =>
  `From the command to its exit, without the waits of the settings\n\n${table(
    ["", "", "ms", "x script"],
    rows.map(({ millis, name, ratio, what }) => [commands[name], what, show(millis), show(ratio)])
  )}`

export const report = ({ command, docker, local }) => {
  const all = [
    ...rows("local", "bare spawn of the bundle", local),
    ...(docker.error === undefined ? rows("docker", "bare docker run of the image", docker) : [])
  ]
  const why = docker.error === undefined ? "" : `\n\nDocker was not measured: ${docker.error}`
  return `${reportCommands(command)}\n\nDeploy, until the first 200\n\n${table(["", "ms", "x bare", "x bare, cached"], all)}${why}`
}

export const summary = (results) => results
