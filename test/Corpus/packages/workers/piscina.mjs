import { Piscina } from "piscina"

export const answer = async () => {
  const pool = new Piscina({ filename: new URL("./beside/double.mjs", import.meta.url).href, maxThreads: 1 })
  const value = await pool.run(21)
  await pool.destroy()
  return value
}
