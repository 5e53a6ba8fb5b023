import { DuckDBInstance } from "@duckdb/node-api"

export const answer = async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect()
  return (await connection.runAndReadAll("select 41 + 1 as answer")).getRowObjects()
}
