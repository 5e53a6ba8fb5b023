import Database from "better-sqlite3"
import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/better-sqlite3"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"

const users = sqliteTable("users", { id: integer().primaryKey(), name: text().notNull() })

export const answer = () => {
  const db = drizzle({ client: new Database(":memory:") })
  db.run(sql`create table users (id integer primary key, name text not null)`)
  db.insert(users).values({ name: "Ada" }).run()
  return db.select().from(users).all()
}
