import { fileURLToPath } from "node:url"
import workerpool from "workerpool"

export const answer = async () => {
  const own = workerpool.pool(fileURLToPath(new URL("./beside/adder.mjs", import.meta.url)), { maxWorkers: 1 })
  const inline = workerpool.pool({ maxWorkers: 1 })
  const values = [await own.exec("add", [1, 2]), await inline.exec((n) => n * 2, [21])]
  await Promise.all([own.terminate(), inline.terminate()])
  return values
}
