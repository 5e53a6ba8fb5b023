// Docker: our deployer against `docker run` of the same image with the same files, over the same socket.
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import Docker from "dockerode"
import { ensure, stop as stopEngine } from "../../scripts/engine.mjs"
import { callOf } from "../subjects/common.mjs"
import { payloads } from "../subjects/payloads.mjs"
import { onEnd } from "./cleanup.mjs"
import { openDocker, pipelineFile } from "./ours.mjs"
import { median } from "./statistics.mjs"
import { freePort, timeDeploy, until200, waits } from "./timing.mjs"

const call = callOf(payloads.small)

const openEngine = async (say) => {
  const { host, owned } = await ensure({ say })
  if (owned) onEnd(() => stopEngine({ wipe: true }))
  const [, protocol, place] = /^(\w+):\/\/(.*)$/.exec(host)
  return {
    host,
    docker:
      protocol === "unix"
        ? new Docker({ socketPath: place })
        : new Docker({ host: new URL(host).hostname, port: new URL(host).port })
  }
}

/** Lets the container's user read copies of files that were its own. */
const readable = async (folder) => {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await readable(path)
    else await chmod(path, 0o444)
  }
}

const removeCaches = async (folder) => {
  for (const name of await readdir(folder)) if (name.endsWith(".cache")) await rm(join(folder, name))
}

/** A container by hand has no door: it is reached at its own port. */
const withoutDoor = async (folder) => {
  const file = join(folder, "manifest.json")
  const { door: _, ...manifest } = JSON.parse(await readFile(file, "utf8"))
  await rm(file)
  await writeFile(file, JSON.stringify(manifest))
}

/**
 * What a container was made of that `docker run` needs too: image, command, user and the files it is told, with the code
 * cache or, as by hand, without it.
 */
const recipeOf = async (docker, container, folder, { withCache }) => {
  const { Config, HostConfig, Image, Mounts } = await docker.getContainer(container).inspect()
  const told = join(folder, "told")
  const source = Mounts.find(({ Destination }) => Destination === "/run/effect-deployers").Source
  await cp(source, told, { recursive: true })
  if (!withCache) await removeCaches(told)
  await withoutDoor(told)
  await readable(told)
  const [exposed] = Object.keys(HostConfig.PortBindings)
  let count = 0
  const dataFolder = async () => {
    const data = join(folder, `data-${count++}`)
    await mkdir(data, { recursive: true })
    await chmod(data, 0o777)
    return data
  }
  return async (port) => ({
    Image,
    Entrypoint: Config.Entrypoint,
    Cmd: Config.Cmd,
    Env: Config.Env,
    User: Config.User,
    WorkingDir: Config.WorkingDir,
    Labels: { "effect-deployers-bench": "1" },
    ExposedPorts: { [exposed]: {} },
    HostConfig: {
      Init: HostConfig.Init,
      Binds: [`${told}:/run/effect-deployers:ro`, `${await dataFolder()}:/data`],
      PortBindings: { [exposed]: [{ HostIp: "127.0.0.1", HostPort: `${port}` }] }
    }
  })
}

const timeBare = async (docker, specFor) => {
  const port = await freePort()
  const spec = await specFor(port)
  const begun = performance.now()
  const container = await docker.createContainer(spec)
  const stop = onEnd(() => container.remove({ force: true }))
  await container.start()
  const answered = await until200(`http://127.0.0.1:${port}/invoke`, call).catch(async (error) => {
    const log = await container.logs({ stdout: true, stderr: true, tail: 5 })
    throw new Error(`${error.message} Its log ends with: ${log.toString().slice(-500)}`)
  })
  await stop()
  return answered - begun
}

/** Images of the bench's own bundles are removed when it ends. */
const removeImages = (docker, images) =>
  onEnd(async () => {
    for (const image of images)
      await docker
        .getImage(image)
        .remove({ force: true })
        .catch(() => {})
  })

export const measureDocker = async ({ change, data, rounds, say }) => {
  const { docker, host } = await openEngine(say)
  const images = new Set()
  removeImages(docker, images)
  const folder = join(data, "home-docker")
  const home = openDocker(folder, host)
  const imageOf = ({ deployment }) => images.add(deployment.metadata.imageId)
  say("deploy: docker, building the first images")
  const first = await home.deploy(pipelineFile("small"), "first")
  imageOf(first)
  const snapshot = await home.snapshot(pipelineFile("small"))
  const recipe = (name, withCache) => recipeOf(docker, first.container, join(data, name), { withCache })
  const specFor = await recipe("bare-docker", false)
  const cachedSpecFor = await recipe("cached-docker", true)
  await first.stop()
  imageOf(await home.deploy(await change(), "changing"))
  const times = { bare: [], cached: [], doorless: [], provision: [], redeploy: [] }
  for (let round = 0; round <= rounds; round++) {
    say(`deploy: docker, round ${round} of ${rounds}`)
    const bare = await timeBare(docker, specFor)
    const cached = await timeBare(docker, cachedSpecFor)
    const provisionWith = async (name, settings) => {
      const { millis, subject } = await timeDeploy(() => home.provision(snapshot, name, settings), call, waits.first)
      await subject.stop()
      return millis
    }
    const provision = await provisionWith(`round-${round}`, {})
    const doorless = await provisionWith(`doorless-${round}`, { door: false })
    const file = await change()
    const redeploy = await timeDeploy(() => home.deploy(file, "changing"), call, waits.redeploy)
    imageOf(redeploy.subject)
    if (round === 0) continue
    times.bare.push(bare)
    times.cached.push(cached)
    times.provision.push(provision)
    times.doorless.push(doorless)
    times.redeploy.push(redeploy.millis)
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]))
}
