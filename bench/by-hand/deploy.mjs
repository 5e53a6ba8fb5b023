// `node deploy.mjs OUTFILE PORT [PID]`: a deploy as a script by hand does it. It bundles the service with esbuild, starts it,
// waits for its first 200, ends the old version, and exits. It prints the process id of the service.
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { until200 } from "../lib/timing.mjs"
import { call } from "./call.mjs"

const [outfile, port, old] = process.argv.slice(2)

await build({
  entryPoints: [fileURLToPath(new URL("weather.mjs", import.meta.url))],
  outfile,
  bundle: true,
  minify: true,
  keepNames: true,
  platform: "node",
  target: "node20",
  format: "esm",
  logLevel: "error",
  banner: { js: 'import{createRequire as __r}from"node:module";const require=__r(import.meta.url);' }
})
const child = spawn(process.execPath, [outfile], {
  stdio: "ignore",
  detached: true,
  env: { ...process.env, PORT: port }
})
await until200(`http://127.0.0.1:${port}/invoke`, call)
if (old !== undefined) process.kill(Number(old), "SIGTERM")
process.stdout.write(`${child.pid}\n`)
process.exit(0)
