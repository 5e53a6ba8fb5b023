import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import chokidar from "chokidar"
import fs from "fs-extra"
import { globby } from "globby"

export const answer = async () => {
  const folder = mkdtempSync(`${tmpdir()}/files-`)
  await fs.outputJson(`${folder}/deep/a.json`, { a: 1 })
  const watcher = chokidar.watch(folder)
  await new Promise((resolve) => watcher.on("ready", resolve))
  await watcher.close()
  return [await globby("**/*.json", { cwd: folder }), await fs.readJson(`${folder}/deep/a.json`)]
}
