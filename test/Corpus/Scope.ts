/** The rows that a run tests: one of each kind, or all. */
import * as Packages from "./Packages.js"
import { shapes as allShapes } from "./Shapes.js"

const isWhole = process.env.EFFECT_DEPLOYERS_CORPUS === "all"

/** Small packages, so that they are installed in seconds. */
const fewPackages = [
  "computed/moment-timezone.mjs",
  "files/ejs.mjs",
  "files/i18next-fs-backend.mjs",
  "native/rollup.mjs",
  "native/snappy.mjs",
  "wasm/sql.js.mjs",
  "workers/pino-transport.mjs"
]

const fewInContainers = ["workers/pino-transport.mjs"]

const manyInContainers = [
  ...fewInContainers,
  "computed/moment-timezone.mjs",
  "databases/kysely.mjs",
  "files/ejs.mjs",
  "files/jsdom.mjs",
  "native/lmdb.mjs",
  "native/napi-rs-canvas.mjs",
  "native/onnxruntime-node.mjs",
  "native/rollup.mjs",
  "native/sharp.mjs",
  "native/snappy.mjs",
  "servers/fastify.mjs",
  "wasm/tiktoken.mjs"
]

const fewShapes = [
  "classes and functions with equal names",
  "CommonJS project in TypeScript",
  "computed paths of folders that do not exist",
  "scripts in processes of their own"
]

export const packages = isWhole ? Packages.modules : fewPackages
export const packagesInContainers = isWhole ? manyInContainers : fewInContainers
export const shapes = isWhole ? allShapes : allShapes.filter(({ name }) => fewShapes.includes(name))
