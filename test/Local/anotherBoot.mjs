/** Gives a Node program another boot of the machine: `node --import anotherBoot.mjs`. */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"

const read = fs.readFileSync
fs.readFileSync = (path, ...options) =>
  path === "/proc/sys/kernel/random/boot_id" ? "00000000-aaaa-4bbb-8ccc-000000000000\n" : read(path, ...options)
syncBuiltinESMExports()
