/** The differences between this machine and a container that the code of a deployment seems to meet. */
import type { Warning } from "../Deployment/Warning.js"
import { imageSettingsOf } from "./Backend/SettingForms.js"
import type { Bundle } from "./BundleUsage.js"
import * as HostExtras from "./Image/HostExtras.js"
import type { DockerSettings } from "./Settings.js"

/** The facts about this machine and the image. */
export interface Circumstances {
  /** True for an image from this machine's Node. */
  readonly hostBase: boolean
  /** Such as `Europe/Berlin`. */
  readonly timeZone: string
  /** The user of the container. */
  readonly user: string
}

/** The warnings of a deploy, at most one of a kind. */
export const differences = (
  bundle: Bundle,
  settings: DockerSettings,
  circumstances: Circumstances
): ReadonlyArray<Warning> => [
  ...(circumstances.hostBase ? ofImage(bundle, settings) : []),
  ...ofContainer(bundle, settings, circumstances)
]

// internal

const some = (value: Warning | undefined): ReadonlyArray<Warning> => (value === undefined ? [] : [value])

const ofImage = (bundle: Bundle, settings: DockerSettings): ReadonlyArray<Warning> => {
  const image = imageSettingsOf(settings)
  return [
    ...(image.shell === true ? [] : some(shell(bundle))),
    ...some(programs(bundle, image.shell === true)),
    ...(image.fonts === true ? [] : some(fonts(bundle)))
  ]
}

const firstPackage = ({ packages }: Bundle, known: Iterable<string>): string | undefined =>
  Array.from(known).find((name) => packages.has(name))

const shell = (bundle: Bundle): Warning | undefined => {
  const name = firstPackage(bundle, ["shelljs", "zx", "node-pty"])
  const at = bundle.starts.find((start) => start.shell)?.at ?? (name === undefined ? undefined : `the package ${name}`)
  return at === undefined
    ? undefined
    : {
        kind: "shell",
        setting: "shell",
        message: `The image has no shell, and ${at} starts one: --shell copies that of this machine, --base IMAGE uses an image that has one.`
      }
}

const programPackages: Readonly<Record<string, string>> = {
  "simple-git": "git",
  "fluent-ffmpeg": "ffmpeg",
  gm: "gm",
  imagemagick: "convert",
  playwright: "a browser",
  "playwright-core": "a browser",
  puppeteer: "a browser",
  "puppeteer-core": "a browser"
}

const programs = (bundle: Bundle, hasShell: boolean): Warning | undefined => {
  const has = (program: string) => program === "node" || (hasShell && HostExtras.tools.includes(program))
  const name = firstPackage(bundle, Object.keys(programPackages))
  const started = bundle.starts.flatMap(({ at, program }) =>
    program === undefined || has(program) ? [] : [{ at, program }]
  )
  const [first] = [
    ...started,
    ...(name === undefined ? [] : [{ at: `the package ${name}`, program: programPackages[name] }])
  ]
  return first === undefined
    ? undefined
    : {
        kind: "programs",
        setting: "base",
        message: `The image does not have ${first.program}, which ${first.at} starts: --base IMAGE uses an image that has it${HostExtras.tools.includes(first.program ?? "") ? ", --shell copies the usual tools of this machine" : ""}.`
      }
}

const fontPackages = [
  "@napi-rs/canvas",
  "canvas",
  "skia-canvas",
  "chartjs-node-canvas",
  "@resvg/resvg-js",
  "sharp",
  "playwright",
  "puppeteer"
]

const fonts = (bundle: Bundle): Warning | undefined => {
  const name = firstPackage(bundle, fontPackages)
  return name === undefined
    ? undefined
    : {
        kind: "fonts",
        setting: "fonts",
        message: `The image has no fonts, and the package ${name} draws text with them: --fonts copies those of this machine.`
      }
}

const ofContainer = (
  { ownPlace }: Bundle,
  { environment }: DockerSettings,
  { timeZone, user }: Circumstances
): ReadonlyArray<Warning> => {
  const variable = Object.entries(environment).find(([, value]) => local.test(value))?.[0]
  const loopback = variable === undefined ? ownPlace(localText) : `the environment variable ${variable}`
  const writes = ownPlace(writing)
  const asks = ownPlace(asking)
  const tellsTime = timeZone === "UTC" || environment["TZ"] !== undefined ? undefined : ownPlace(localTime)
  return [
    ...some(
      loopback === undefined
        ? undefined
        : {
            kind: "loopback",
            setting: "extraHosts",
            message: `In a container localhost is the container, and ${loopback} names it: use host.docker.internal with --extra-host host.docker.internal:host-gateway for this machine.`
          }
    ),
    ...some(
      writes === undefined
        ? undefined
        : {
            kind: "files",
            setting: "volumes",
            message: `A container writes only to /tmp and /data, and ${writes} writes elsewhere: --volume SRC:DST adds a folder.`
          }
    ),
    ...some(
      asks === undefined
        ? undefined
        : { kind: "user", message: `The user of the container is ${user}, and ${asks} asks for the user.` }
    ),
    ...some(
      tellsTime === undefined
        ? undefined
        : {
            kind: "timeZone",
            setting: "environment",
            message: `The time zone of a container is UTC, and ${tellsTime} uses the local one, ${timeZone} here: --env TZ=${timeZone} sets it.`
          }
    )
  ]
}

const local = /(?:^|[/@])(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)/
const localText = /["'`](?:[a-z][a-z0-9+]*:\/\/(?:[^"'`@/]*@)?)(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/"'`])/g
const writing =
  /(?:writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|mkdir|mkdirSync)\d*\(\s*["'`](?!\/tmp\b|\/data\b|\$)/g
const asking = /\b(?:userInfo|getuid|geteuid)\d*\(/g
const localTime = /\.(?:getHours|getTimezoneOffset|toLocaleTimeString|toLocaleDateString|toLocaleString)\(/g
