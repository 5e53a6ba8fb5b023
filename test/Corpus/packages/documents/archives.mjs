import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { buffer } from "node:stream/consumers"
import AdmZip from "adm-zip"
import * as archiver from "archiver"
import * as tar from "tar"

const zip = async () => {
  const archive = archiver.ZipArchive ? new archiver.ZipArchive() : archiver.default("zip")
  const output = buffer(archive.pipe(new PassThrough()))
  archive.append("hello", { name: "a.txt" })
  await archive.finalize()
  return new AdmZip(await output).readAsText("a.txt")
}

export const answer = async () => {
  const folder = mkdtempSync(join(tmpdir(), "archives-"))
  writeFileSync(join(folder, "b.txt"), "world")
  await tar.c({ cwd: folder, file: join(folder, "b.tgz"), gzip: true }, ["b.txt"])
  writeFileSync(join(folder, "b.txt"), "")
  await tar.x({ cwd: folder, file: join(folder, "b.tgz") })
  return [await zip(), readFileSync(join(folder, "b.txt"), "utf8")]
}
