// Makes a Chromium available to the tests of the page: the one that EFFECT_DEPLOYERS_CHROMIUM names, one that is installed,
// or Debian's package, which is installed then.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import * as Apt from "./apt.mjs"
import { withLock } from "./engine/Lock.mjs"

const variable = "EFFECT_DEPLOYERS_CHROMIUM"
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
const ofMac = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]

const find = () => {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean)
  const candidates = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...ofMac]
  // Ubuntu has a script under this name that only tells to install a snap.
  return candidates.find((file) => existsSync(file) && spawnSync(file, ["--version"]).status === 0)
}

const hindrance = () => {
  if (process.getuid?.() !== 0) return "only root may install it"
  return Apt.isDebian() ? undefined : "it is installed on Debian only"
}

/** The path of a Chromium that runs. Rejects with one line that says what to do. */
export const ensure = async ({ say = () => {} } = {}) => {
  const named = process.env[variable]
  if (named) {
    if (existsSync(named)) return named
    throw new Error(`${variable} is ${named}, which is not there. Correct it or unset it.`)
  }
  return find() ?? withLock(join(tmpdir(), "effect-deployers-chromium.lock"), () => ensureAlone(say))
}

const ensureAlone = (say) => {
  const other = find()
  if (other !== undefined) return other
  const advice = `install Chromium or Chrome, or name one with ${variable}`
  const hindered = hindrance()
  if (hindered !== undefined)
    throw new Error(`No Chromium is here for the tests of the page, and ${hindered}: ${advice}.`)
  say("No Chromium here: installing chromium.")
  Apt.install("Chromium", ["chromium"])
  const installed = find()
  if (installed === undefined) throw new Error(`The package chromium brought none that runs: ${advice}.`)
  return installed
}
