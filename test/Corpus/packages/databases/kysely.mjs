import Database from "better-sqlite3"
import { Kysely, SqliteDialect, sql } from "kysely"

export const answer = async () => {
  const db = new Kysely({ dialect: new SqliteDialect({ database: new Database(":memory:") }) })
  await db.schema.createTable("users").addColumn("name", "text").execute()
  await db.insertInto("users").values({ name: "Ada" }).execute()
  const { rows } = await sql`select upper(name) as name from users`.execute(db)
  return rows
}
