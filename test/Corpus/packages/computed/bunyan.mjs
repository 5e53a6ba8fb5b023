import bunyan from "bunyan"

export const answer = () => {
  const records = []
  const stream = { write: ({ level, msg, n }) => records.push({ level, msg, n }) }
  bunyan.createLogger({ name: "a", streams: [{ type: "raw", stream }] }).warn({ n: 1 }, "hello")
  return records
}
