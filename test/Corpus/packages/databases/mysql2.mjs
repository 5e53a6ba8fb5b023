import mysql from "mysql2/promise"

export const answer = async () => [
  mysql.format("select ?", ["it's"]),
  await mysql.createConnection({ host: "127.0.0.1", port: 1 }).catch((error) => error.code)
]
