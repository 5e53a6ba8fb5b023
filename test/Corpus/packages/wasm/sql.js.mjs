import initSqlJs from "sql.js"

export const answer = async () => {
  const SQL = await initSqlJs()
  return new SQL.Database().exec("select 41 + 1 as answer")
}
