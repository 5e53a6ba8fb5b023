import Tinypool from "tinypool"

export const answer = async () => {
  const pool = new Tinypool({
    filename: new URL("./beside/double.mjs", import.meta.url).href,
    minThreads: 1,
    maxThreads: 1
  })
  const value = await pool.run(21)
  await pool.destroy()
  return value
}
